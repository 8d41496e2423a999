import { answerOf, api } from '../api/client.js';
import type { ShownRoom } from '../api/types.js';
import { shortServer } from '../parts/format.js';
import type { Act } from './act.js';

type Facts = Pick<ShownRoom, 'id' | 'name' | 'status' | 'owner' | 'round'>;

export function roomActs(room: Facts): Act[] {
  return room.status === 'playing' ? [migrate([room]), end([room])] : [];
}

export function migrate(rooms: readonly Facts[]): Act {
  return {
    verb: 'Migrate',
    title: `Migrate ${nameOf(rooms)}?`,
    details: 'Another game server takes over while the game is played. The players notice nothing.',
    targets: rooms.map((room) => ({
      key: room.id,
      label: labelOf(room),
      run: async ({ note }) => {
        const { to } = await answerOf(api.POST('/api/rooms/{id}/migrate', { params: { path: { id: room.id } }, body: { note } }));
        return `is now on ${shortServer(to)}.`;
      },
    })),
  };
}

/** `round` protects the next game of the room: a repeated end finds its game over. */
export function end(rooms: readonly Facts[]): Act {
  return {
    verb: 'End',
    title: rooms.length === 1 ? 'End this game?' : `End ${rooms.length} games?`,
    details: `The game of ${nameOf(rooms)} is over for its players. They return to their room.`,
    isDangerous: true,
    noteLabel: 'Reason, shown to the players (optional)',
    targets: rooms.map((room) => ({
      key: room.id,
      label: labelOf(room),
      run: async ({ note }) => {
        await answerOf(api.POST('/api/rooms/{id}/end', { params: { path: { id: room.id } }, body: { note, round: room.round } }));
        return 'has ended.';
      },
    })),
  };
}

function nameOf(rooms: readonly Facts[]): string {
  return rooms.length === 1 ? `the room ${labelOf(rooms[0] as Facts)}` : `${rooms.length} rooms`;
}

function labelOf({ id, name }: Facts): string {
  return name || id;
}

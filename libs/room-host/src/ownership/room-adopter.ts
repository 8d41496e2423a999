import { Inject, Injectable } from '@nestjs/common';
import { EventSink } from '#libs/fleet';
import { type GameResult, HoldfastError, type RoomId, type RoomTenure } from '#libs/protocol';
import type { RoomValue } from '#libs/room';
import {
  type AdoptedRoom,
  keptCheckpointKey,
  keptLogKey,
  LOSSES_MAX,
  RoomLog,
  type RoomOwnership,
  RoomRecords,
  type Tenure,
} from '#libs/room-store';
import { Log } from '#libs/telemetry';
import { OverrunError } from '#libs/watchdog';
import { EndedGames } from '../durability/ended-games.js';
import { HostedRoom } from '../room/hosted-room.js';
import { MachineFactory } from '../room/machine-factory.js';
import { RecentChanges } from '../room/recent-changes.js';
import type { RoomTime } from '../room/room-time.js';
import { ROOM_HOST_OPTIONS, type RoomHostOptions } from '../room-host.options.js';
import { type Downtime, DowntimeCompensation } from './downtime-compensation.js';
import { LeftoverEffects } from './leftover-effects.js';
import { type RestoredValue, restoreValue, upgradeValue } from './restore-value.js';

/**
 * A room that this server has adopted and does not host yet. The caller must compensate the downtime of the room before it hosts the room.
 */
export interface RevivedRoom {
  readonly room: HostedRoom;
  readonly adopted: AdoptedRoom;
  readonly downtimeMs: number;
}

/** Makes this server the owner of a room of another server, and restores the room from its checkpoint and log. */
@Injectable()
export class RoomAdopter {
  constructor(
    private readonly machines: MachineFactory,
    private readonly roomLog: RoomLog,
    private readonly records: RoomRecords,
    private readonly leftovers: LeftoverEffects,
    private readonly downtime: DowntimeCompensation,
    private readonly ended: EndedGames,
    private readonly sink: EventSink,
    private readonly log: Log,
    @Inject(ROOM_HOST_OPTIONS) private readonly options: RoomHostOptions,
  ) {}

  /**
   * Adopts a room and restores its value. Returns null when the record names another owner or epoch, when the game has already ended, or
   * when this method ended the game.
   *
   * @param epochMin lowest epoch that the new tenure may have
   * @throws when the room could not be adopted; another attempt may succeed, here or elsewhere
   */
  async adopt(tenure: RoomTenure, owner: RoomOwnership, since: () => Downtime, epochMin: number): Promise<RevivedRoom | null> {
    // When the game has already ended on this server, the store fell back to a moment before the end. This server then stores the end again
    // instead of adopting the room.
    if (await this.endAgain(tenure)) return null;
    const adopted = await this.roomLog.adopt(tenure.room, tenure, owner, epochMin, since().downtimeMs, this.machines.formats);
    if ('unreadable' in adopted) {
      await this.giveUp(tenure.room, { ...owner, epoch: adopted.epoch }, 'unreadable', adopted.unreadable);
      return null;
    }
    if (!('checkpoint' in adopted)) {
      // The game has ended, and its owner may have died before it ran the last effects. So this server runs them.
      if (adopted.status !== 'playing') void this.leftovers.run(tenure.room, owner);
      return null;
    }
    const restored = restoreValue(tenure.room, adopted);
    if (typeof restored === 'string') {
      await this.giveUp(tenure.room, { ...owner, epoch: adopted.epoch }, 'unreadable', restored);
      return null;
    }
    const { time, downtimeMs } = this.downtime.timeOf(adopted, since());
    const room = await this.revivedOrGivenUp(adopted, restored, owner, time);
    if (!room) return null;
    try {
      this.quarantine(room, adopted);
      await this.storeUpgraded(room, adopted);
    } catch (error) {
      room.machine.dispose?.();
      throw error;
    }
    return { room, adopted, downtimeMs };
  }

  /**
   * Ends the game in the store when it has already ended on this server, in this epoch or a later one. Returns false when the game has not
   * ended on this server.
   */
  private async endAgain({ room, ...tenure }: RoomTenure): Promise<boolean> {
    const result = this.ended.resultOf(room, tenure.epoch);
    if (result === null) return false;
    if (await this.roomLog.abandon(room, tenure, result)) this.log.warn('game.ended-again', { roomId: room, epoch: tenure.epoch });
    return true;
  }

  /**
   * Ends the game of a room that was adopted just now, because its stored data is unreadable or its code must not run. Runs no code of the
   * game. The players receive the reason. The store keeps the data of the game for an operator.
   */
  private async giveUp(room: RoomId, tenure: Tenure, reason: GameResult['reason'], why: string): Promise<void> {
    if (!(await this.roomLog.abandon(room, tenure, { reason }))) return;
    const error = why.slice(0, REASON_CHARS_MAX);
    this.log.error('room.given-up', { roomId: room, reason, error, kept: `${keptLogKey(room)} and ${keptCheckpointKey(room)}` });
    this.sink.publish({ kind: 'room.given-up', room, server: tenure.server, reason, detail: { epoch: tenure.epoch, error } });
    await this.records.forgetOwner([room], tenure.server, tenure.incarnation);
  }

  /**
   * Returns the restored room. Null: the watchdog interrupted `migrateState`. This server has then ended the game, because another attempt
   * would block all other rooms again.
   */
  private async revivedOrGivenUp(
    adopted: AdoptedRoom,
    restored: RestoredValue,
    owner: RoomOwnership,
    time: RoomTime,
  ): Promise<HostedRoom | null> {
    try {
      return this.revive(adopted, restored, owner, time);
    } catch (error) {
      if (!(error instanceof OverrunError)) throw error;
      await this.giveUp(restored.value.room, { ...owner, epoch: adopted.epoch }, 'game-failed', error.message);
      return null;
    }
  }

  /** Makes the hosted room from its restored value. Code of the game runs only to upgrade an old state. */
  private revive(
    adopted: AdoptedRoom,
    { value, tail, checkpointVersion }: RestoredValue,
    owner: RoomOwnership,
    time: RoomTime,
  ): HostedRoom {
    const { epoch, batch, log, doc, rev, start, round, takeovers } = adopted;
    const machine = this.machines.make(value.game, time, value.room, { epoch });
    const recent = new RecentChanges(tail, checkpointVersion);
    // Does not upgrade the state of a game that is about to end.
    let current: RoomValue;
    try {
      current = isToBeEnded(adopted) ? value : upgradeValue(machine, value);
    } catch (error) {
      machine.dispose();
      throw error;
    }
    // The logged changes do not lead to the upgraded state. So only their events are kept, and players receive a snapshot.
    if (current === value) recent.push(log.changes, log.entries);
    else recent.pushEvents(log.changes);
    const place = { batch, doc, rev, start, round, takeovers, stateBytesMax: this.options.stateBytesMax };
    return new HostedRoom(machine, { ...owner, epoch }, current, place, time, recent, tail.shown);
  }

  /**
   * Handles the input that crashed the room's last owner, before any code of the game runs here. Refuses a command, and drops an effect.
   * Ends the game after any other input, and after a second crash.
   */
  private quarantine(room: HostedRoom, adopted: AdoptedRoom): void {
    const { poison, losses } = adopted;
    if (!poison || room.value.ended) return;
    const { handler, seat, seq, effect } = poison;
    this.log.error('room.quarantined', { roomId: room.id, game: room.value.game, handler, seat, seq, losses });
    if (effect !== undefined) {
      // If the game waits for the result of the effect, the effect stays pending, and the game receives the failure once the room is
      // hosted.
      const isAwaited = room.value.outbox.some(({ key, timer }) => key === effect && timer !== undefined);
      if (!isAwaited || isToBeEnded(adopted)) room.handle({ kind: 'effects-done', keys: [effect] });
      room.poisonedEffect = effect;
    } else if (!isToBeEnded(adopted)) room.poison = { seat, seq };
    if (isToBeEnded(adopted)) {
      room.brokenBy = handler;
      room.handle({ kind: 'end', result: { reason: 'game-failed', message: `The game was stopped: ${handler} cost its server.` } });
    }
  }

  /** Stores an upgraded state before the room takes any input, because the old log does not lead to this state. */
  private async storeUpgraded(room: HostedRoom, { checkpoint }: AdoptedRoom): Promise<void> {
    const { value, tenure } = room;
    if (checkpoint?.value.gameVersion === value.gameVersion) return;
    const result = await this.roomLog.checkpoint(room.id, tenure, room.checkpoint(), value.version, true, {
      gameVersion: value.gameVersion,
    });
    if (result !== 'ok') throw new HoldfastError('unavailable', `The upgraded state could not be stored: ${result}.`);
    this.log.info('room.upgraded', { roomId: room.id, game: value.game, from: checkpoint?.value.gameVersion, to: value.gameVersion });
  }
}

function isToBeEnded({ poison, losses }: AdoptedRoom): boolean {
  if (!poison) return false;
  return losses >= LOSSES_MAX || !(poison.handler.startsWith('command ') || poison.effect !== undefined);
}

/** Maximum length of the cause in a log line, in characters. */
const REASON_CHARS_MAX = 300;

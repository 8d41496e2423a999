import { Injectable } from '@nestjs/common';
import { ChatAudience, ChatDelivery, isOpenToSpectators } from '#libs/chat';
import { AnswerListener, type GatewaySession, type OccupancyListener, SessionRooms } from '#libs/edge';
import { Extension } from '#libs/extension';
import type { Operations, RoomId } from '#libs/protocol';

/** The sessions that receive the chat of a room. */
@Injectable()
@Extension(ChatAudience)
export class GatewayChatAudience extends ChatAudience {
  constructor(private readonly rooms: SessionRooms) {
    super();
  }

  override onRooms(listener: OccupancyListener): void {
    this.rooms.onOccupancy(listener);
  }

  override sendToRoom(room: RoomId, frame: Uint8Array): void {
    this.rooms.sendToRoom(room, frame, ({ watching }, record) => !watching || (record !== null && isOpenToSpectators(record)));
  }
}

/** Subscribes a connection to the chat of a game's lobby when the connection's request `chat.history` is answered. */
@Injectable()
@Extension(AnswerListener)
export class LobbyChatFollower extends AnswerListener {
  constructor(private readonly delivery: ChatDelivery) {
    super();
  }

  override answered(session: GatewaySession, operation: string, data: unknown, result: unknown): void {
    if (operation !== 'chat.history') return;
    const request = data as Operations['chat.history']['data'];
    const { connection } = session;
    if (request.to !== 'lobby' || request.follow === undefined || !connection) return;
    if (!request.follow) return this.delivery.unfollow(session.id);
    this.delivery.follow(
      {
        session: session.id,
        get isOpen() {
          return session.connection === connection && connection.isOpen;
        },
        sendFrame: (frame) => connection.sendFrame(frame),
      },
      request.game,
      (result as Operations['chat.history']['result']).last,
    );
  }
}

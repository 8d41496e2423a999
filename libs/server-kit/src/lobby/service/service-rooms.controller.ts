import { Body, Delete, Get, Headers, HttpCode, Param, Post } from '@nestjs/common';
import { ApiHeader, ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import type { z } from 'zod';
import { RoomOperations } from '#libs/admin';
import { type ServiceAnswer, ServiceRooms } from '#libs/lobby';
import { HoldfastError, type RoomId } from '#libs/protocol';
import { ServiceApi } from './service-api.decorator.js';
import {
  asRoomId,
  asUserId,
  EndRoomBody,
  IDEMPOTENCY_KEY,
  NewRoomBody,
  PutBody,
  ROOM_ID,
  ServiceRoomAnswer,
  StartBody,
} from './service-schemas.js';

const KeyHeader = () =>
  ApiHeader({
    name: 'Idempotency-Key',
    required: true,
    description: 'Chosen by the service, 1 to 128 characters. A repeat with the same key gets the same answer and changes nothing more.',
  });

/** Serves the requests of the operator's services about rooms. */
@ServiceApi('rooms')
export class ServiceRoomsController {
  constructor(
    private readonly rooms: ServiceRooms,
    private readonly operations: RoomOperations,
  ) {}

  @Post()
  @HttpCode(200)
  @KeyHeader()
  @ApiOperation({ summary: 'Creates a room with these users. A user who is not connected enters it with the next login.' })
  @ApiOkResponse({ standardSchema: ServiceRoomAnswer })
  async create(
    @Headers('idempotency-key') key: string | undefined,
    @Body({ schema: NewRoomBody }) body: z.infer<typeof NewRoomBody>,
  ): Promise<ServiceAnswer> {
    const users = body.users.map((one) => ({ ...one, user: asUserId(one.user) }));
    const twice = users.find(({ user }, index) => users.findIndex((other) => other.user === user) !== index);
    if (twice) throw new HoldfastError('bad-data', `users: ${twice.user} is listed twice`);
    return this.rooms.create(keyOf(key), { ...body, users });
  }

  @Get(':id')
  @ApiOperation({ summary: 'One room.' })
  @ApiOkResponse({ standardSchema: ServiceRoomAnswer })
  async one(@Param('id') id: string): Promise<ServiceAnswer> {
    return this.rooms.read(roomOf(id));
  }

  @Post(':id/users')
  @HttpCode(200)
  @KeyHeader()
  @ApiOperation({ summary: 'Puts a user into the room.' })
  @ApiOkResponse({ standardSchema: ServiceRoomAnswer })
  async put(
    @Headers('idempotency-key') key: string | undefined,
    @Param('id') id: string,
    @Body({ schema: PutBody }) { user, name }: z.infer<typeof PutBody>,
  ): Promise<ServiceAnswer> {
    return this.rooms.put(keyOf(key), roomOf(id), { user: asUserId(user), ...(name !== undefined && { name }) });
  }

  @Delete(':id/users/:user')
  @KeyHeader()
  @ApiOperation({ summary: 'Takes a user out of the room.' })
  @ApiOkResponse({ standardSchema: ServiceRoomAnswer })
  async take(
    @Headers('idempotency-key') key: string | undefined,
    @Param('id') id: string,
    @Param('user') user: string,
  ): Promise<ServiceAnswer> {
    return this.rooms.take(keyOf(key), roomOf(id), asUserId(user));
  }

  @Post(':id/start')
  @HttpCode(200)
  @KeyHeader()
  @ApiOperation({ summary: 'Starts the game with all members, whether they are ready or connected or not.' })
  @ApiOkResponse({ standardSchema: ServiceRoomAnswer })
  async start(
    @Headers('idempotency-key') key: string | undefined,
    @Param('id') id: string,
    @Body({ schema: StartBody }) body: z.infer<typeof StartBody>,
  ): Promise<ServiceAnswer> {
    return this.rooms.start(keyOf(key), roomOf(id), body?.waitMs);
  }

  @Post(':id/end')
  @HttpCode(200)
  @KeyHeader()
  @ApiOperation({ summary: 'Ends the game of the room, and with `close` also the room.' })
  @ApiOkResponse({ standardSchema: ServiceRoomAnswer })
  async end(
    @Headers('idempotency-key') key: string | undefined,
    @Param('id') id: string,
    @Body({ schema: EndRoomBody }) body: z.infer<typeof EndRoomBody>,
  ): Promise<ServiceAnswer> {
    const room = roomOf(id);
    return this.rooms.end(keyOf(key), room, body?.close ?? false, (round) => this.operations.end(room, { note: body?.note, round }));
  }
}

function keyOf(header: string | undefined): string {
  if (header === undefined)
    throw new HoldfastError(
      'bad-data',
      'The header Idempotency-Key is missing. Send a new value for each request, and the same one for each repeat.',
    );
  if (!IDEMPOTENCY_KEY.test(header))
    throw new HoldfastError('bad-data', 'Idempotency-Key must have 1 to 128 printable ASCII characters without blanks.');
  return header;
}

function roomOf(id: string): RoomId {
  if (!ROOM_ID.test(id)) throw new HoldfastError('room-unknown');
  return asRoomId(id);
}

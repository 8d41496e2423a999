import type { operations } from './schema.js';

/** The body of a successful answer. */
type Answer<Name extends keyof operations> = operations[Name] extends {
  responses: { 200: { content: { 'application/json': infer Body } } };
}
  ? Body
  : never;

export type Whoami = Answer<'WhoamiController_whoami'>;
export type Fleet = Answer<'FleetController_fleet'>;
export type Server = Answer<'ServersController_list'>['servers'][number];
export type ServerDetail = Answer<'ServersController_one'>;
export type Incident = Answer<'IncidentsController_incidents'>['incidents'][number];
export type ShownRoom = Answer<'RoomsController_list'>['rooms'][number];
export type RoomDetail = Answer<'RoomsController_one'>;
export type Change = Answer<'RoomsController_history'>['changes'][number];
export type Replay = Answer<'RoomsController_replay'>;
export type Queue = Answer<'QueuesController_queues'>['queues'][number];
export type Player = Answer<'PlayersController_list'>['players'][number];
export type PlayerDetail = Answer<'PlayersController_one'>;
export type Sanction = Answer<'BansController_list'>['sanctions'][number];
export type Series = Answer<'SeriesController_read'>;
export type RecordedAct = Answer<'AuditController_list'>['acts'][number];
export type ShownEvent = Answer<'EventsController_events'>;

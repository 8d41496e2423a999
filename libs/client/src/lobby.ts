/** The entry point of the client library for pages that show a list of rooms or the controls of a room's host. */

export type { ListFilter, RoomListQuery, RoomSort, RoomSummary } from '#libs/protocol';
export { followRooms, type ListingSession, type RoomListEvents, type RoomListing } from './live-room-list.js';
export { type HostedSession, type RoomControls, roomControls } from './room-controls.js';

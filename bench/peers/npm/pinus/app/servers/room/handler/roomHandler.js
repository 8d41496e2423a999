// A room of two: both players receive every message.
class RoomHandler {
  constructor(app) {
    this.app = app;
  }

  async join({ uid, room }, session) {
    await session.abind(uid);
    session.set('room', room);
    await session.apush('room');
    this.app.get('channelService').getChannel(room, true).add(uid, session.frontendId);
    return { code: 200 };
  }

  async tap({ payload }, session) {
    this.app.get('channelService').getChannel(session.get('room'), false).pushMessage('tap', { payload });
  }
}

module.exports = { default: (app) => new RoomHandler(app) };

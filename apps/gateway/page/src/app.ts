import { render } from 'lit-html';
import { type CreateRoom, connect, type HoldfastError, type Room, type RoomAddress, type Session } from '#libs/client';
import { compact } from '#libs/client/compact';
import { ask, askPassword } from './ask.js';
import { ChatPanel } from './chat-panel.js';
import { loadGamePages } from './game-pages.js';
import { Lobby } from './lobby.js';
import { PlayerSearch } from './player-search.js';
import { isRefusal } from './refusals.js';
import { RoomScreen } from './room-screen.js';
import { hashOf, inviteHash, type LinkedRoom, linkedRoom } from './route.js';
import { tabStorage } from './tab-storage.js';
import { Toasts } from './toasts.js';
import { asksForToken, tokenIn } from './token.js';
import { pageView } from './views/page-view.js';

/** Keys in `sessionStorage`, which belongs to one tab and survives a reload. So each tab is one player. */
const NAME_KEY = 'holdfast.name';
const SESSION_KEY = 'holdfast.session';

export type Stage =
  | { readonly at: 'login'; readonly isConnecting: boolean; readonly problem?: string }
  | { readonly at: 'inside'; readonly session: Session; readonly lobby: Lobby; readonly search: PlayerSearch }
  | { readonly at: 'over'; readonly error: HoldfastError };

/** The state of a player's page. After each change of a field, `changed` renders the page again. */
export class App {
  stage: Stage = { at: 'login', isConnecting: false };
  screen: RoomScreen | null = null;
  /** The open chat: the chat of the room, or of the lobby of one game. Null: no chat is open. */
  chat: ChatPanel | null = null;
  readonly toasts = new Toasts(() => this.changed());
  name = tabStorage.getItem(NAME_KEY) ?? '';
  /** True when this server accepts only tokens, so the page does not ask for a name. */
  wantsToken = false;

  private token: string | null = null;

  private isDrawing = false;
  private readonly parts = loadGamePages();

  constructor(private readonly root: HTMLElement) {}

  start(): void {
    window.addEventListener('hashchange', () => void this.follow());
    document.addEventListener('visibilitychange', () => {
      if (this.stage.at === 'inside' && !document.hidden && !this.screen) void this.stage.lobby.refresh();
    });
    // Renders the page once a second, because the page shows the duration of a search and the time that is left to accept a match.
    setInterval(() => this.stage.at === 'inside' && (this.stage.search.current || this.stage.search.offer) && this.changed(), 1_000);
    const address = location.href;
    this.parts.then(
      () => this.changed(),
      (error: unknown) => this.reloadOnce(error, address),
    );
    const { token, rest } = tokenIn(location);
    if (token !== null) history.replaceState(null, '', location.pathname + rest);
    void this.begin(token);
  }

  /**
   * Reloads the page once when one of its files is missing, because a newer version may have been deployed. If the file is still missing
   * after the reload, shows the error.
   */
  private reloadOnce(error: unknown, address: string): void {
    const [navigation] = performance.getEntriesByType('navigation') as PerformanceNavigationTiming[];
    if (navigation?.type === 'reload') return this.toasts.failed(error);
    history.replaceState(null, '', address);
    location.reload();
  }

  private async begin(token: string | null): Promise<void> {
    this.wantsToken = await asksForToken();
    this.changed();
    if (this.wantsToken && token !== null) return this.enterBy(token);
    if (this.name !== '' && tabStorage.getItem(SESSION_KEY) !== null) return this.enter();
  }

  async enterBy(token: string): Promise<void> {
    this.token = token;
    // Removes the stored session. Otherwise the page would resume that session, which may belong to another user.
    tabStorage.removeItem(SESSION_KEY);
    return this.enter();
  }

  /** Logs in with this name, or resumes the stored session of this tab. */
  async enter(name = this.name): Promise<void> {
    this.name = name;
    this.stage = { at: 'login', isConnecting: true };
    this.changed();
    try {
      // Waits until the code of all games is loaded, because the page needs this code as soon as it shows a room.
      await this.parts;
      const login = this.wantsToken ? { ...(this.token !== null && { token: this.token }) } : { name };
      const session = await connect(playUrl(), { ...login, compact, storage: tabStorage, storageKey: SESSION_KEY });
      tabStorage.setItem(NAME_KEY, session.name);
      await this.inside(session);
    } catch (error) {
      const { code, message } = error as Partial<HoldfastError>;
      if (code === 'unauthorized') this.token = null;
      // Keeps the message about a refused token on the form until the player enters another token.
      const problem = this.wantsToken && code !== undefined ? message : undefined;
      this.stage = { at: 'login', isConnecting: false, ...(problem !== undefined && { problem }) };
      if (problem === undefined) this.toasts.failed(error);
      this.changed();
    }
  }

  /** Ends the session and returns to the login form. */
  leaveSession(): void {
    if (this.stage.at === 'inside') {
      this.stage.search.destroy();
      this.stage.session.close();
    }
    this.closeChat();
    tabStorage.removeItem(SESSION_KEY);
    this.stage = { at: 'login', isConnecting: false };
    this.show(null);
    history.replaceState(null, '', hashOf(null));
    this.changed();
  }

  /** Enters a room. Asks for the password if the room has one. */
  async goTo(room: LinkedRoom, how: 'join' | 'watch'): Promise<void> {
    if (this.stage.at !== 'inside') return;
    const { session } = this.stage;
    const enter = (address: RoomAddress): Promise<unknown> =>
      how === 'watch' ? session.watchRoom(address) : joinOrWatch(session, address);
    try {
      await withPassword((password) => enter({ ...room, ...(password !== undefined && { password }) }));
    } catch (error) {
      this.toasts.failed(error);
      this.showInHash();
    }
  }

  async create(wanted: CreateRoom): Promise<void> {
    if (this.stage.at !== 'inside') return;
    const { session, lobby } = this.stage;
    try {
      await session.createRoom(wanted);
      lobby.creating = null;
    } catch (error) {
      this.toasts.failed(error);
    }
    this.changed();
  }

  /** Leaves the room. A player who leaves a running game gives up the game, so the page asks for confirmation first. */
  async leaveRoom(): Promise<void> {
    const { screen } = this;
    if (!screen) return;
    const isLoss = screen.isOn && screen.room.seat !== null;
    if (isLoss && !(await ask('Leave this game?', 'If you leave a game that is being played, you give it up.', 'Leave', 'Stay'))) return;
    await screen.leave();
  }

  async copyLink(): Promise<void> {
    const { screen } = this;
    await copyText(screen ? new URL(inviteHash(screen.room.view), location.href).href : location.href);
    this.toasts.note('The link is copied. A person who opens it joins the game or watches it.');
  }

  async copyCode(code: string): Promise<void> {
    await copyText(code);
    this.toasts.note('The invite code is copied. Other players enter it in the lobby.');
  }

  /** Opens the chat of the lobby of a game. Null: closes the current chat. */
  chooseLobbyChat(game: string | null): void {
    if (this.stage.at !== 'inside' || this.screen) return;
    const { session } = this.stage;
    this.chat?.close();
    this.chat = game === null ? null : new ChatPanel(session, { to: 'lobby', game }, this.toasts, () => this.changed(), { isOpen: true });
    this.changed();
  }

  /** Renders the page at most once per event-loop tick, even after several calls. */
  changed(): void {
    if (this.isDrawing) return;
    this.isDrawing = true;
    queueMicrotask(() => {
      this.isDrawing = false;
      render(pageView(this), this.root);
      if (this.chat?.isAtEnd) for (const log of this.root.querySelectorAll('.chat-log')) log.scrollTop = log.scrollHeight;
      document.title = titleOf(this);
    });
  }

  private async inside(session: Session): Promise<void> {
    const changed = (): void => this.changed();
    const lobby = new Lobby(session, changed);
    const search = new PlayerSearch(session, this.toasts, changed, () => navigator.vibrate?.(ATTRACT_MS));
    this.stage = { at: 'inside', session, lobby, search };
    session.on('status', () => {
      if (session.status === 'open' && !this.screen) void lobby.refresh();
      if (session.status === 'open' && (search.current || search.offer)) void search.read();
      this.changed();
    });
    session.on('room', (room) => this.show(room));
    session.on('error', (error) => this.toasts.failed(error));
    session.on('closed', (error) => this.over(session, lobby, error));
    const [me] = await Promise.all([session.me(), lobby.refresh()]);
    // After a reload of the page, shows the room in which the player still is, or the search for a match that still runs.
    if (me.room && !session.room) await (me.watching ? session.watchRoom(me.room.id) : session.joinRoom(me.room.id));
    if (session.room) this.show(session.room);
    else lobby.open();
    if (me.searching !== null) await search.read();
    await this.follow();
    this.changed();
  }

  private over(session: Session, lobby: Lobby, error: HoldfastError | null): void {
    lobby.close();
    this.closeChat();
    if (error === null || this.stage.at !== 'inside' || this.stage.session !== session) return;
    this.stage = { at: 'over', error };
    this.show(null);
  }

  /** Shows this room on the page. Null: shows the lobby. */
  private show(room: Room | null): void {
    if (this.screen?.room !== room) {
      const before = this.screen;
      before?.destroy();
      this.screen = null;
      if (this.stage.at === 'inside') {
        const { session, lobby, search } = this.stage;
        this.closeChat();
        if (room) {
          lobby.close();
          this.screen = new RoomScreen(
            room,
            session,
            {
              seatsMin: (game) => lobby.seatsMin(game),
              // While the party searches for a match, the page starts no game, because a start would end the search.
              isHeld: () => search.current !== null,
            },
            this.toasts,
            () => this.changed(),
          );
          room.on('left', (reason) => this.showWhySignedOut(reason));
          room.on('view', () => this.openRoomChat());
          this.openRoomChat();
        } else lobby.open();
        this.showInHash();
      }
      window.scrollTo(0, 0);
    }
    this.changed();
  }

  /** Opens the chat of the room once the player may read it. Spectators may read it if the host allows that. */
  private openRoomChat(): void {
    const { screen } = this;
    if (this.stage.at !== 'inside' || !screen) return;
    const isAllowed = !screen.isWatching || screen.room.view.spectatorChat === true;
    if (!isAllowed) return this.closeChat();
    // During a game the chat is closed at first, so that new messages do not change the layout of the page.
    this.chat ??= new ChatPanel(this.stage.session, { to: 'room' }, this.toasts, () => this.changed(), { isOpen: !screen.isOn });
  }

  private closeChat(): void {
    this.chat?.close();
    this.chat = null;
  }

  private showWhySignedOut(reason: string | undefined): void {
    if (reason !== undefined && SIGN_OUT_TEXTS[reason]) this.toasts.note(SIGN_OUT_TEXTS[reason]);
  }

  /** Enters the room in the address after the player opened a link or pressed the back button of the browser. */
  private async follow(): Promise<void> {
    if (this.stage.at !== 'inside') return;
    const wanted = linkedRoom(location.hash);
    const { room } = this.stage.session;
    if (isSameRoom(wanted, room)) return this.showInHash();
    if (wanted !== null && room === null) return this.goTo(wanted, 'join');
    const { screen } = this;
    if (screen && (screen.isWatching || !screen.isOn)) {
      await screen.leave();
      if (wanted !== null) await this.goTo(wanted, 'join');
      return;
    }
    this.showInHash();
    if (wanted === null) await this.leaveRoom();
    else this.toasts.note('Finish or leave this game first.');
  }

  private showInHash(): void {
    if (this.stage.at !== 'inside') return;
    const hash = hashOf(this.stage.session.room?.id ?? null);
    if (location.hash === hash || (location.hash === '' && hash === '#/')) return;
    // Entering a room adds an entry to the browser's history, so that the back button leaves the room. Leaving a room adds no entry.
    if (this.stage.session.room) history.pushState(null, '', hash);
    else history.replaceState(null, '', hash);
  }
}

/** Duration of the vibration of a phone when a match is offered, in ms. */
const ATTRACT_MS = 200;

const SIGN_OUT_TEXTS: Readonly<Record<string, string>> = {
  'room-unknown': 'This room no longer exists.',
  expired: 'This room was closed because nobody used it.',
  operator: 'This room was closed by an operator.',
  orphaned: 'This room was lost.',
  kicked: 'The host removed you from the room.',
  banned: 'The host removed you from the room, and you may not join it again.',
  'no-spectators': 'This room does not admit spectators any more.',
};

/** Returns the WebSocket URL of the gateway, relative to the address of the page, because a proxy may serve the page below a path. */
function playUrl(): string {
  const url = new URL('play', document.baseURI);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  url.search = '';
  url.hash = '';
  return url.href;
}

/** Enters the room of a link, as a player if a seat is free, else as a spectator. */
async function joinOrWatch(session: Session, room: RoomAddress): Promise<void> {
  try {
    await session.joinRoom(room);
  } catch (error) {
    if (!isRefusal(error, 'room-full', 'room-playing', 'room-locked')) throw error;
    await session.watchRoom(room);
  }
}

/** Tries to enter the room with each password that the player types, until one is right or the player gives up. */
async function withPassword(enter: (password?: string) => Promise<unknown>): Promise<void> {
  for (let password: string | undefined; ; ) {
    try {
      await enter(password);
      return;
    } catch (error) {
      if (!isRefusal(error, 'password-needed', 'wrong-password')) throw error;
      const why = error.code === 'wrong-password' ? 'The password is wrong. Try again.' : 'This room has a password. Its players know it.';
      const answer = await askPassword('Enter the password', why);
      if (answer === null) throw new DOMException('The player gave up.', 'AbortError');
      password = answer;
    }
  }
}

function isSameRoom(wanted: LinkedRoom | null, room: Room | null): boolean {
  if (wanted === null || room === null) return wanted === room;
  return 'room' in wanted ? wanted.room === room.id : wanted.code === room.view.code;
}

/** Copies a text to the clipboard. Has a fallback for pages over plain http, where browsers have no `navigator.clipboard`. */
async function copyText(text: string): Promise<void> {
  if (navigator.clipboard) return navigator.clipboard.writeText(text).catch(() => copyBySelection(text));
  copyBySelection(text);
}

function copyBySelection(text: string): void {
  const field = document.createElement('textarea');
  field.value = text;
  field.className = 'unseen';
  document.body.append(field);
  field.select();
  document.execCommand('copy');
  field.remove();
}

function titleOf({ screen, stage }: App): string {
  if (stage.at === 'inside' && stage.search.offer) return '● A match is found – Holdfast';
  if (!screen) return 'Holdfast';
  const room = `${screen.room.view.name || 'Room'} – Holdfast`;
  return screen.isMyTurn ? `● Your turn – ${room}` : room;
}

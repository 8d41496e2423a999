import { isAllowedOrigin } from './allowed-origin.js';

describe('isAllowedOrigin', () => {
  it.each([
    ['http://play.example.org', 'play.example.org'],
    ['https://play.example.org', 'play.example.org'],
    ['https://play.example.org', 'play.example.org:443'],
    ['https://play.example.org', 'Play.Example.org'],
    ['https://play.example.org:8443', 'play.example.org:8443'],
    ['http://[::1]:7000', '[::1]:7000'],
    ['http://[2001:db8::1]', '[2001:DB8:0::1]:80'],
  ])('accepts a page from %s when the gateway is at %s', (origin, host) => {
    expect(isAllowedOrigin(origin, host, [])).toBe(true);
  });

  it.each([
    ['https://evil.example', 'play.example.org'],
    ['https://play.example.org.evil.example', 'play.example.org'],
    ['https://play.example.org', 'play.example.org:8443'],
    ['https://play.example.org:8443', 'play.example.org'],
    ['null', 'null'],
    ['file://', ''],
    ['capacitor://localhost', 'localhost'],
    ['https://play.example.org', undefined],
    ['https://play.example.org', 'not a host'],
    ['https://evil.example', 'evil.example/@play.example.org'],
  ])('refuses a page from %s when the gateway is at %s', (origin, host) => {
    expect(isAllowedOrigin(origin, host, [])).toBe(false);
  });

  it.each(['capacitor://localhost', 'ionic://localhost', 'null', 'file://', 'https://app.example.org'])(
    'accepts the listed origin %s',
    (origin) => {
      expect(isAllowedOrigin(origin, 'play.example.org', [origin])).toBe(true);
      expect(isAllowedOrigin(origin, 'play.example.org', ['tauri://localhost'])).toBe(false);
    },
  );

  it('accepts every origin with the setting *', () => {
    expect(isAllowedOrigin('https://evil.example', 'play.example.org', ['*'])).toBe(true);
    expect(isAllowedOrigin(undefined, 'play.example.org', [])).toBe(true);
  });
});

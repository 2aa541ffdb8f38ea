import { describe, expect, it } from 'vitest';
import { CLOSE } from '../protocol/close-codes.ts';
import { addressKeyOfBytes, addressKeyOfForwarded } from './client-address.ts';
import { ConnectionCount } from './connection-count.ts';
import { checkUpgrade } from './upgrade-check.ts';

const handshake = {
  host: 'a',
  origin: '',
  protocols: 'ringside.v1',
  connection: 'Upgrade',
  upgrade: 'websocket',
  version: '13',
};

function verdict(origin: string, allowed: string[], host = 'live.example:9001'): boolean {
  return checkUpgrade({ ...handshake, origin, host }, allowed).ok;
}

it.each([
  [{}, true],
  [{ connection: 'keep-alive, UPGRADE', upgrade: 'WebSocket' }, true],
  [{ connection: 'keep-alive' }, false],
  [{ upgrade: 'h2c' }, false],
  [{ version: '8' }, false],
  [{ version: '' }, false],
])('a handshake with %j is one: %s', (change, ok) => {
  const answer = checkUpgrade({ ...handshake, ...change }, []);
  expect(answer.ok).toBe(ok);
  if (!answer.ok) expect(answer.status).toBe('426 Upgrade Required');
});

describe('an origin', () => {
  it('is not needed: only browsers send one', () => {
    expect(verdict('', [])).toBe(true);
    expect(verdict('', ['https://a.example'])).toBe(true);
  });

  it('has to be in the list, if there is one', () => {
    expect(verdict('https://a.example', ['https://a.example', 'https://b.example'])).toBe(true);
    expect(verdict('https://a.example:8443', ['https://a.example'])).toBe(false);
    expect(verdict('https://live.example', ['https://a.example'])).toBe(false);
    expect(verdict('https://evil.example', ['*'])).toBe(true);
  });

  it('without a list has to be of the host that was asked, on any port', () => {
    expect(verdict('http://live.example:3000', [])).toBe(true);
    expect(verdict('http://127.0.0.1:3000', [], '127.0.0.1:9001')).toBe(true);
    expect(verdict('http://[::1]:3000', [], '[::1]:9001')).toBe(true);
    expect(verdict('https://evil.example', [])).toBe(false);
    expect(verdict('https://live.example.evil.example', [])).toBe(false);
    expect(verdict('null', [])).toBe(false);
    expect(verdict('garbage', [])).toBe(false);
    expect(verdict('http://live.example', [], '')).toBe(false);
  });
});

it.each([
  ['ringside.v1', true],
  ['other, ringside.v1', true],
  ['', false],
  ['ringside.v2', false],
  ['xringside.v1', false],
])('the offer of subprotocols "%s" is taken: %s', (protocols, ok) => {
  const answer = checkUpgrade({ ...handshake, protocols }, []);
  expect(answer.ok).toBe(ok);
  if (!answer.ok) expect(answer.status).toBe('400 Bad Request');
});

it('a connection is counted for its IPv4 address, or its IPv6 network', () => {
  expect(addressKeyOfBytes(Uint8Array.of(192, 0, 2, 7))).toBe('192.0.2.7');
  const mapped = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 7);
  expect(addressKeyOfBytes(mapped)).toBe('192.0.2.7');
  const six = Uint8Array.of(0x20, 0x01, 0x0d, 0xb8, 0, 1, 0, 2, 9, 9, 9, 9, 9, 9, 9, 9);
  expect(addressKeyOfBytes(six)).toBe('2001:db8:1:2::/64');
});

it.each([
  ['203.0.113.9', '203.0.113.9'],
  ['spoofed, 198.51.100.1, 203.0.113.9', '203.0.113.9'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:db8::5', '2001:db8:0:0::/64'],
  ['::ffff:203.0.113.9', '203.0.113.9'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['unknown', undefined],
  ['', undefined],
])('X-Forwarded-For "%s" counts for %s', (header, key) => {
  expect(addressKeyOfForwarded(header)).toBe(key);
});

it('connections are limited for each address and in all, and make room when they go', () => {
  const count = new ConnectionCount({ max: 3, perAddressMax: 2 });
  expect(['a', 'a', 'a', 'b', 'c'].map((address) => count.add(address))).toEqual([
    null,
    null,
    CLOSE.TOO_MANY_CONNECTIONS,
    null,
    CLOSE.OVERLOADED,
  ]);
  count.remove('a');
  expect(count.add('a')).toBeNull();
});

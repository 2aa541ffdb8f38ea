/**
 * The table of all settings: name, default, unit, meaning, what is allowed. `config.ts` reads it; the variable
 * and flag names follow from the keys. docs/SETTINGS.md is this table in words; a test compares them.
 */
import {
  type Kind,
  choice,
  integer,
  matching,
  onOff,
  optional,
  origins,
  webSocketUrl,
} from './config-kinds.ts';
import { SATS_MAX } from './core/sats.ts';
import { LOG_LEVELS, type LogLevel } from './platform/logger.ts';

/** All settings, as the engine gets them. Units and meanings: the table below. */
export interface Config {
  readonly apiHost: string;
  readonly apiPort: number;
  readonly edgeHost: string;
  readonly edgePort: number;
  readonly publicWsUrl: string | null;
  readonly dataDir: string;
  readonly store: 'lmdb' | 'aerospike';
  readonly aerospikeHosts: string;
  readonly aerospikeNamespace: string;
  readonly aerospikeSetPrefix: string | null;
  readonly aerospikeConnectTimeoutMs: number;
  readonly aerospikeCommandTimeoutMs: number;
  readonly aerospikeRetriesMax: number;
  readonly aerospikeInFlightMax: number;
  readonly aerospikeBreakerFailures: number;
  readonly aerospikeBreakerOpenMs: number;
  readonly aerospikeStalledMs: number;
  readonly aerospikeAckDelayMs: number | null;
  readonly network: 'dev';
  readonly edgeThreads: number;
  readonly shardThreads: number;
  readonly drainMs: number;
  readonly demo: boolean;
  readonly demoViewers: number;
  readonly demoRoundSeconds: number;
  readonly adminToken: string | null;
  readonly allowedOrigins: readonly string[];
  readonly corsOrigins: readonly string[];
  readonly trustProxy: boolean;
  readonly maxConnections: number;
  readonly maxConnectionsPerAddress: number;
  readonly maxFrameBytes: number;
  readonly authTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly maxBackpressureBytes: number;
  readonly slowReaderMs: number;
  readonly messagesPerSecond: number;
  readonly ackIntervalMs: number;
  readonly mailboxInputsMax: number;
  readonly blockIntervalMs: number;
  readonly payoutMinSats: number;
  readonly devFaucetSatsMax: number;
  readonly apiReadsPerMinute: number;
  readonly apiWritesPerMinute: number;
  readonly logLevel: LogLevel;
}

export interface Setting<T> {
  readonly kind: Kind<T>;
  readonly default: T;
  readonly unit: string;
  readonly meaning: string;
}

function setting<T>(kind: Kind<T>, fallback: NoInfer<T>, unit: string, meaning: string): Setting<T> {
  return { kind, default: fallback, unit, meaning };
}

const host = matching('an IP address or host name', /^[A-Za-z0-9.:_-]{1,255}$/);
const port = integer(0, 65_535);

export const SETTINGS: { readonly [K in keyof Config]: Setting<Config[K]> } = {
  apiHost: setting(
    host,
    '127.0.0.1',
    '',
    'Address the API and the page listen on. Loopback, because a development engine gives away coins and speaks plain HTTP; 0.0.0.0 opens it to the network.',
  ),
  apiPort: setting(port, 3000, 'port', 'Port of the API and the page; 0 takes a free one.'),
  edgeHost: setting(host, '127.0.0.1', '', 'Address the WebSocket edge listens on.'),
  edgePort: setting(port, 9001, 'port', 'Port of the WebSocket edge; 0 takes a free one.'),
  publicWsUrl: setting(
    optional(webSocketUrl),
    null,
    'URL',
    'Where viewers reach the edge, when a proxy or another name is in front. Empty: the host of the page with the edge port.',
  ),
  dataDir: setting(
    matching('a path', /^[^\0]{1,4096}$/),
    './data',
    'path',
    'Where the store, the chain, receipts and the generated admin token are kept.',
  ),
  store: setting(
    choice(['lmdb', 'aerospike']),
    'lmdb',
    '',
    'Where rounds and money are kept: lmdb is embedded and survives a restart; aerospike is a cluster of servers (AEROSPIKE.md).',
  ),
  aerospikeHosts: setting(
    matching(
      'host:port, several separated by commas',
      /^[A-Za-z0-9._-]{1,255}:\d{1,5}(,[A-Za-z0-9._-]{1,255}:\d{1,5}){0,15}$/,
    ),
    '127.0.0.1:3000',
    '',
    'Where the Aerospike cluster is first asked.',
  ),
  aerospikeNamespace: setting(
    matching('1 to 31 characters of A-Z a-z 0-9 _ -', /^[A-Za-z0-9_-]{1,31}$/),
    'ringside',
    '',
    'Aerospike namespace; the server has to be configured with it.',
  ),
  aerospikeSetPrefix: setting(
    optional(matching('1 to 24 characters of a-z 0-9 -', /^[a-z0-9-]{1,24}$/)),
    null,
    '',
    'In front of every Aerospike set name, so that several engines can share a namespace.',
  ),
  aerospikeConnectTimeoutMs: setting(
    integer(100, 60_000),
    2_000,
    'ms',
    'Time the Aerospike cluster has to answer at start.',
  ),
  aerospikeCommandTimeoutMs: setting(
    integer(10, 60_000),
    1_000,
    'ms',
    'Time one Aerospike command has; after it a write is in doubt and is looked up.',
  ),
  aerospikeRetriesMax: setting(
    integer(0, 20),
    3,
    'retries',
    'How often one Aerospike command is tried again before the caller hears of it.',
  ),
  aerospikeInFlightMax: setting(
    integer(1, 1_024),
    64,
    'commands',
    'Aerospike commands under way at a time; more wait.',
  ),
  aerospikeBreakerFailures: setting(
    integer(1, 10_000),
    10,
    'failures',
    'Unanswered Aerospike commands in a row after which none is sent for a while.',
  ),
  aerospikeBreakerOpenMs: setting(
    integer(10, 60_000),
    1_000,
    'ms',
    'How long none is sent then, before one is tried.',
  ),
  aerospikeStalledMs: setting(
    integer(100, 60_000),
    2_000,
    'ms',
    'A write to several Aerospike records that stood still this long may be undone by whoever it is in the way of.',
  ),
  aerospikeAckDelayMs: setting(
    optional(integer(0, 60_000)),
    null,
    'ms',
    'How long a write is held back before it is acknowledged. Empty: as long as the server may keep it in memory only, which it is asked at start.',
  ),
  network: setting(
    choice(['dev']),
    'dev',
    '',
    'Chain that rounds settle on: dev is the embedded development chain.',
  ),
  edgeThreads: setting(integer(1, 64), 1, 'threads', 'Threads that own viewer connections.'),
  shardThreads: setting(integer(1, 64), 1, 'threads', 'Threads that run rounds.'),

  drainMs: setting(
    integer(0, 3_600_000),
    8_000,
    'ms',
    'How long SIGTERM waits for rounds that end and settle within this time; the others are saved and go on after the restart. Whoever sends it has to be patient for a little longer: Docker waits 10 seconds.',
  ),
  demo: setting(onOff, true, '', 'Whether simulated viewers keep a demo battle going.'),
  demoViewers: setting(integer(2, 10_000), 40, 'viewers', 'Simulated viewers of the demo.'),
  demoRoundSeconds: setting(integer(10, 3_600), 60, 'seconds', 'Length of a demo round.'),

  adminToken: setting(
    optional(matching('16 to 256 visible ASCII characters', /^[\x21-\x7e]{16,256}$/)),
    null,
    '',
    'Bearer token for what changes rounds. Empty: generated once and kept in the data directory as admin-token, readable by its owner only.',
  ),
  allowedOrigins: setting(
    origins,
    Object.freeze([]),
    '',
    'Origins of pages that may open a WebSocket. Empty: only pages from the host name the edge itself was reached by; programs, which send no origin, always may.',
  ),
  corsOrigins: setting(
    origins,
    Object.freeze([]),
    '',
    'Origins of other pages that may call the API. Empty: only the page the engine serves.',
  ),
  trustProxy: setting(
    onOff,
    false,
    '',
    'Whether to take the client address from X-Forwarded-For. Only behind a proxy that sets it.',
  ),

  maxConnections: setting(integer(1, 1_000_000), 50_000, 'connections', 'Viewer connections of one edge.'),
  maxConnectionsPerAddress: setting(
    integer(1, 1_000_000),
    1_000,
    'connections',
    'Viewer connections of one edge from one address.',
  ),
  maxFrameBytes: setting(
    integer(1_024, 1_048_576),
    4_096,
    'bytes',
    'Largest frame a viewer may send; a longer one closes the connection.',
  ),
  authTimeoutMs: setting(integer(100, 120_000), 10_000, 'ms', 'Time a new connection has to authenticate.'),
  idleTimeoutMs: setting(
    integer(8_000, 960_000),
    60_000,
    'ms',
    'A connection that sends nothing for this long is closed.',
  ),
  maxBackpressureBytes: setting(
    integer(16_384, 268_435_456),
    262_144,
    'bytes',
    'Unsent bytes of one viewer above which state is conflated, and no more is queued.',
  ),
  slowReaderMs: setting(
    integer(1_000, 600_000),
    15_000,
    'ms',
    'A viewer that is over its backpressure for this long is disconnected.',
  ),
  messagesPerSecond: setting(
    integer(1, 10_000),
    50,
    'messages/s',
    'Frames one viewer may send, sustained; a short burst above is fine.',
  ),
  ackIntervalMs: setting(
    integer(100, 60_000),
    4_000,
    'ms',
    'How often a watching viewer is told what is durable; gifts are told at once.',
  ),
  mailboxInputsMax: setting(
    integer(100, 10_000_000),
    100_000,
    'inputs',
    'Inputs that may wait for one shard before edges hold back.',
  ),

  blockIntervalMs: setting(
    integer(50, 3_600_000),
    3_000,
    'ms',
    'Time between blocks of the development chain.',
  ),
  payoutMinSats: setting(
    integer(1, 1_000_000),
    20,
    'sats',
    'Payees with less are carried forward instead of paid; the default for new rounds.',
  ),
  devFaucetSatsMax: setting(
    integer(0, SATS_MAX),
    1_000_000,
    'sats',
    'Most that one request may credit to a development account; 0 turns that off.',
  ),

  apiReadsPerMinute: setting(
    integer(1, 1_000_000),
    600,
    'requests/min',
    'API requests that read, from one address.',
  ),
  apiWritesPerMinute: setting(
    integer(1, 1_000_000),
    120,
    'requests/min',
    'API requests that change something, from one address. The admin token is exempt from both.',
  ),
  logLevel: setting(choice(LOG_LEVELS), 'info', '', 'Least severe log line that is written.'),
};

/** Settings of the Aerospike store, as plain data: they cross threads and name a store within a process. */
export interface AerospikeOptions {
  /** `host:port`, several separated by commas: where the cluster is first asked. */
  readonly hosts: string;
  readonly namespace: string;
  /** In front of every set name, so that several engines can share a namespace. Empty: none. */
  readonly setPrefix: string;
  readonly connectTimeoutMs: number;
  /** Of one command. After it a write that was sent is in doubt. */
  readonly commandTimeoutMs: number;
  /** How often one command is tried again: reads always, writes only when it is certain or harmless. */
  readonly retriesMax: number;
  /** Commands under way at a time; more wait. */
  readonly inFlightMax: number;
  /** Commands that fail in a row before the circuit opens, and how long it then stays open. */
  readonly breakerFailures: number;
  readonly breakerOpenMs: number;
  /** A multi-record write that stood still for this long may be undone by whoever it is in the way of. */
  readonly stalledMs: number;
  /**
   * How long a write is held back before it is acknowledged, where the server keeps writes in memory for a while.
   * Null: as long as this server says it may take to flush them; 0 where it commits each write to the device.
   */
  readonly ackDelayMs: number | null;
}

export const AEROSPIKE_DEFAULTS: AerospikeOptions = Object.freeze({
  hosts: '127.0.0.1:3000',
  namespace: 'ringside',
  setPrefix: '',
  connectTimeoutMs: 2_000,
  commandTimeoutMs: 1_000,
  retriesMax: 3,
  inFlightMax: 64,
  breakerFailures: 10,
  breakerOpenMs: 1_000,
  stalledMs: 2_000,
  ackDelayMs: null,
});

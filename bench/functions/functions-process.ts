/** Times one task of one case with tinybench, in a process that has compiled nothing else. */
import { Bench } from 'tinybench';
import { assert } from '../../src/core/assert.ts';
import { serveParent } from '../lib/child.ts';
import { UNITS_PER_MS } from './case.ts';
import { CASES } from './cases.ts';

export interface TaskOrder {
  readonly name: string;
  readonly side: 'ours' | 'base';
  readonly timeMs: number;
}

export interface FunctionCalls {
  /** The median time of one operation, in the unit of the case. */
  measure(order: TaskOrder): Promise<number>;
}

/** At least: functions that take long get more time than they were given. */
const RUNS_MIN = 8;
const WARMUP_RUNS_MIN = 3;

async function measure({ name, side, timeMs }: TaskOrder): Promise<number> {
  const found = CASES.find((each) => each.name === name);
  assert(found !== undefined, `there is no case ${name}`);
  const prepare = side === 'ours' ? found.ours : found.base?.task;
  assert(prepare !== undefined, `${name} has no base`);
  const { run, before } = prepare();
  const bench = new Bench({
    time: timeMs,
    iterations: RUNS_MIN,
    warmupTime: timeMs / 2,
    warmupIterations: WARMUP_RUNS_MIN,
    throws: true,
  });
  // It looks at what a run returns, so results are not optimised away.
  bench.add(name, run, before === undefined ? {} : { beforeEach: before });
  await bench.run();
  const result = bench.getTask(name)?.result;
  assert(result?.state === 'completed', `${name} was measured`);
  return (result.latency.p50 * UNITS_PER_MS[found.unit]) / found.operations;
}

serveParent<FunctionCalls>({ measure });

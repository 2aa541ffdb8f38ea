/** Faults of the database as data, and back as the errors that callers see. */
import { AssertionFailure } from '../../core/assert.ts';
import { EngineError } from '../../core/errors.ts';
import type { WriteFault } from './messages.ts';

/** `inDoubt`: for what the package itself throws; our own errors say it themselves. */
export function faultOf(error: unknown, inDoubt: boolean): WriteFault {
  if (error instanceof AssertionFailure) return { kind: 'bug', message: error.message };
  if (error instanceof EngineError) {
    return { kind: 'fault', code: error.code, message: error.message, inDoubt: error.inDoubt };
  }
  const detail = error instanceof Error ? error.message : String(error);
  return { kind: 'fault', code: 'STORE_FAILED', message: `The store failed: ${detail}`, inDoubt };
}

export function errorOf(fault: WriteFault): AssertionFailure | EngineError {
  if (fault.kind === 'bug') return new AssertionFailure(fault.message);
  return new EngineError(fault.code, { message: fault.message, inDoubt: fault.inDoubt });
}

/** Reads a value or throws EngineError STORE_FAILED; a read changes nothing, so it is never in doubt. */
export function reading<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw errorOf(faultOf(error, false));
  }
}

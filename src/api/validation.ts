/** From what the schema compiler found to `details` that name each wrong field once. */
import type { FastifySchemaValidationError } from 'fastify';
import type { ErrorDetail } from './api-error.ts';

/** More wrong fields than this are not listed: one request must not buy a long answer. */
const DETAILS_MAX = 20;

/** `part` names what was checked (body, querystring ...) where the error has no field. */
export function describeViolations(
  violations: readonly FastifySchemaValidationError[],
  part: string,
): readonly ErrorDetail[] {
  const byField = new Map<string, Set<string>>();
  const add = (field: string, message: string): void => {
    const messages = byField.get(field) ?? new Set();
    messages.add(message);
    byField.set(field, messages);
  };
  for (const { keyword, instancePath, params, message } of violations) {
    const at = fieldPath(instancePath);
    if (keyword === 'required') {
      for (const name of names(params['requiredProperties'])) add(join(at, name), 'is required');
    } else if (keyword === 'additionalProperties') {
      for (const name of names(params['additionalProperties'])) add(join(at, name), 'is not a known field');
    } else if (keyword === 'const') {
      add(at === '' ? part : at, `must be ${JSON.stringify(params['allowedValue'])}`);
    } else if (keyword !== 'boolean' && keyword !== 'anyOf') {
      // 'boolean' repeats additionalProperties, 'anyOf' what its branches said
      add(at === '' ? part : at, message ?? 'is wrong');
    }
  }
  return [...byField]
    .slice(0, DETAILS_MAX)
    .map(([field, messages]) => ({ field, message: [...messages].join(', or ') }));
}

function names(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

function join(at: string, name: string): string {
  return at === '' ? name : `${at}.${name}`;
}

/** `/participants/0/name` (a JSON pointer) as `participants[0].name`. */
function fieldPath(pointer: string): string {
  let path = '';
  for (const step of pointer.split('/').slice(1)) {
    const name = step.replaceAll('~1', '/').replaceAll('~0', '~');
    path = /^\d+$/.test(name) ? `${path}[${name}]` : join(path, name);
  }
  return path;
}

/** Fields that several routes share, as schemas. */
import { Type } from '@fastify/type-provider-typebox';
import type { TSchema, TUnsafe } from 'typebox';
import { SATS_MAX } from '../core/sats.ts';

export const roundIdField: TUnsafe<string> = Type.Unsafe<string>(
  Type.String({
    pattern: '^[a-z0-9][a-z0-9-]{0,47}$',
    description: 'Id of a round: 1 to 48 characters of a-z 0-9 -',
  }),
);

export const accountField: TUnsafe<string> = Type.Unsafe<string>(
  Type.String({
    pattern: '^[0-9a-f]{40}$',
    description: 'Account: HASH160 of a compressed public key, 40 hex digits',
  }),
);

export const satsField: TSchema = Type.Integer({ minimum: 0, maximum: SATS_MAX });

export const nullable = (schema: TSchema): TSchema => Type.Union([schema, Type.Null()]);

/** Titles and names: no control characters, nor blanks at the ends. */
export const LINE_PATTERN =
  '^[^\\s\\u0000-\\u001f\\u007f]([^\\u0000-\\u001f\\u007f]*[^\\s\\u0000-\\u001f\\u007f])?$';

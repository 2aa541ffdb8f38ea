/** Colour as an argument: what makes lines knows roles, and only the terminal knows how, and whether, they look different. */
import { styleText } from 'node:util';

type Role = 'strong' | 'quiet' | 'good' | 'warn' | 'bad' | 'alarm';
export type Paint = (role: Role, text: string) => string;

const STYLES = {
  strong: ['bold'],
  quiet: ['dim'],
  good: ['green'],
  warn: ['yellow'],
  bad: ['red', 'bold'],
  alarm: ['bgRed', 'whiteBright', 'bold'],
} as const satisfies Record<Role, readonly Parameters<typeof styleText>[0][]>;

export const plain: Paint = (_role, text) => text;

export const coloured: Paint = (role, text) => styleText([...STYLES[role]], text, { validateStream: false });

// Two wrote the same profile: where they differ, and what comes of a choice. Pure.

import type { Customer, CustomerBody } from '../host/types';
import type { Messages } from '../i18n';
import { phone } from '../i18n';
import type { Text } from '../host/types';
import { bodyOf } from './edits.svelte';

export type Side = 'mine' | 'theirs';

/** One line in which both differ. */
export interface Difference {
  key: string;
  label: string;
  mine: string;
  theirs: string;
  /** Who alone has changed it; nothing where both have, or that is not known. */
  changedBy: Side | null;
}

export interface Both {
  mine: CustomerBody;
  theirs: Customer;
  /** How it stood before; nothing where that is not known. */
  base: CustomerBody | null;
}

const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);
const keyOf = (label: Text) => `field ${JSON.stringify(label)}`;

/** Every line as plain values, by its key. */
function lines(body: CustomerBody): Map<string, unknown> {
  return new Map<string, unknown>([['name', body.name], ['numbers', body.numbers], ['tags', body.tags], ...body.fields.map((field): [string, unknown] => [keyOf(field.label), field.value])]);
}

function written(key: string, value: unknown): string {
  if (Array.isArray(value)) return value.map((one) => (key === 'numbers' ? phone(String(one)) : String(one))).join(key === 'numbers' ? ', ' : ' · ');
  return typeof value === 'string' ? value : '';
}

/** Lists the lines in which both differ, in the order of the profile. */
export function differences({ mine, theirs, base }: Both, m: Messages, text: (text: Text) => string): Difference[] {
  const here = lines(mine);
  const there = lines(bodyOf(theirs));
  const before = base && lines(base);
  const labels = new Map([...theirs.fields, ...mine.fields].map((field) => [keyOf(field.label), text(field.label)]));
  const named = (key: string) => ({ name: m.pop.name, numbers: m.pop.numberMain, tags: m.pop.profileTags })[key] ?? labels.get(key) ?? key;
  return [...new Set([...there.keys(), ...here.keys()])]
    .filter((key) => !same(here.get(key), there.get(key)))
    .map((key) => ({
      key,
      label: named(key),
      mine: written(key, here.get(key)),
      theirs: written(key, there.get(key)),
      changedBy: !before ? null : same(before.get(key), there.get(key)) ? 'mine' : same(before.get(key), here.get(key)) ? 'theirs' : null,
    }));
}

/** The profile that was chosen, line by line. What is not chosen stands as it does at the centre. */
export function chosen({ mine, theirs }: Both, choice: Record<string, Side | null | undefined>): CustomerBody {
  const is = (key: string) => choice[key] === 'mine';
  const ours = new Map(mine.fields.map((field) => [keyOf(field.label), field]));
  return {
    name: is('name') ? mine.name : theirs.name,
    numbers: is('numbers') ? mine.numbers : theirs.numbers,
    tags: is('tags') ? mine.tags : theirs.tags,
    fields: [
      ...theirs.fields.map((field) => (is(keyOf(field.label)) ? { ...field, value: ours.get(keyOf(field.label))?.value ?? '' } : field)),
      ...mine.fields.filter((field) => is(keyOf(field.label)) && !theirs.fields.some((other) => same(other.label, field.label))),
    ],
  };
}

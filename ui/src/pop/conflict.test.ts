import { expect, test } from 'vitest';
import type { Customer, CustomerBody } from '../host/types';
import { en } from '../i18n/en';
import { chosen, differences } from './conflict';

const label = (text: string) => ({ zh: text, en: text });
const base: CustomerBody = { name: 'Ada', numbers: ['1001'], tags: ['one'], fields: [{ label: label('City'), value: 'Oslo' }, { label: label('Plan'), value: 'A' }] };
const mine: CustomerBody = { ...base, name: 'Ada L.', fields: [{ label: label('City'), value: 'Bergen' }, { label: label('Plan'), value: 'A' }, { label: label('Pet'), value: 'Cat' }] };
const theirs: Customer = {
  ...base, id: 'a', reference: 'C-1', home: null, version: 5, tags: ['one', 'two'], fields: [{ label: label('City'), value: 'Tromsø' }, { label: label('Plan'), value: 'A' }],
};
const rows = (before: CustomerBody | null) => differences({ mine, theirs, base: before }, en, (text) => text.en).map((row) => [row.label, row.theirs, row.mine, row.changedBy]);

test('what both have changed comes first and is nobody’s; the rest is whose change it is', () => {
  expect(rows(base)).toEqual([
    ['City', 'Tromsø', 'Bergen', null],
    ['Name', 'Ada', 'Ada L.', 'mine'],
    ['Profile tags', 'one · two', 'one', 'theirs'],
    ['Pet', '', 'Cat', 'mine'],
  ]);
});

test('where nobody knows how it stood before, everything is to be chosen', () => {
  expect(rows(null).map(([, , , changedBy]) => changedBy)).toEqual([null, null, null, null]);
});

test('a choice is made line by line, and what is not chosen stands as at the centre', () => {
  const [city, name, , pet] = differences({ mine, theirs, base }, en, (text) => text.en);
  if (!city || !name || !pet) throw new Error('they differ');
  expect(chosen({ mine, theirs, base }, { [city.key]: 'theirs', [name.key]: 'mine' })).toEqual({ name: 'Ada L.', numbers: ['1001'], tags: ['one', 'two'], fields: theirs.fields });
  expect(chosen({ mine, theirs, base }, { [pet.key]: 'mine' }).fields).toEqual([...theirs.fields, { label: label('Pet'), value: 'Cat' }]);
});

// The service records of a customer as one list: calls, tickets and the rest, newest first. Pure.

import type { CustomerCard, PastCall } from '../host/types';
import type { Messages } from '../i18n';
import { duration } from '../i18n';
import type { IconName } from '../kit/icons';

export type ServiceDrawer = 'all' | 'calls' | 'tickets' | 'other';

export interface ServiceRow {
  key: string;
  drawer: Exclude<ServiceDrawer, 'all'>;
  icon: IconName;
  head: string;
  at: number;
  body: string;
  /** Where more of it stands: to be copied, since the window itself goes nowhere. */
  link: string | null;
}

const serviceIcons = { chat: 'chat', visit: 'visit', survey: 'star', follow_up: 'outbound' } as const;

export function serviceRows(card: CustomerCard, m: Messages): ServiceRow[] {
  const rows: ServiceRow[] = [
    ...callRows(card.calls, m),
    ...card.tickets.map((ticket): ServiceRow => ({
      key: `ticket ${ticket.reference}`,
      drawer: 'tickets',
      icon: 'ticket',
      head: `${m.pop.ticket} · ${ticket.reference}`,
      at: ticket.opened_at,
      body: `${ticket.title} · ${m.tickets[ticket.state]}`,
      link: null,
    })),
    ...card.records.map((record, n): ServiceRow => ({
      key: `record ${record.at} ${n}`,
      drawer: 'other',
      icon: serviceIcons[record.kind],
      head: `${m.services[record.kind]} · ${record.by}`,
      at: record.at,
      body: record.title,
      link: record.link,
    })),
  ];
  return rows.sort((a, b) => b.at - a.at);
}

/** Past calls as rows, in the order they come. */
export function callRows(calls: PastCall[], m: Messages): ServiceRow[] {
  return calls.map((call, n) => {
    const talk = call.talk_seconds > 0 ? m.pop.talked(duration(call.talk_seconds * 1000)) : m.outcomes[call.outcome];
    return {
      key: `call ${call.at} ${n}`,
      drawer: 'calls',
      icon: call.direction,
      head: `${m.directions[call.direction]} · ${call.agent ?? m.pop.nobody}`,
      at: call.at,
      body: /[。！？，]$/.test(call.summary) || call.summary === '' ? call.summary + talk : `${call.summary} ${talk}`,
      link: null,
    };
  });
}

/** How many of each drawer there are. */
export function counts(rows: ServiceRow[]): Record<ServiceDrawer, number> {
  const of = (drawer: ServiceDrawer) => rows.filter((row) => row.drawer === drawer).length;
  return { all: rows.length, calls: of('calls'), tickets: of('tickets'), other: of('other') };
}

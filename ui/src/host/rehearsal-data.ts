// The people, calls and forms of the rehearsal. All numbers are fictional.

import type { BareAccount, CallRow, CustomerCard, FormDefinition, LegOutcome, PastTicket, Text } from './types';

export type Tongue = 'zh' | 'en';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** The rehearsal's present. */
export const now = Date.now();
const ago = (millis: number) => now - millis;

export const groups = {
  afterSales: { zh: '售后服务', en: 'After-sales' },
  members: { zh: '会员专线', en: 'Members' },
  installation: { zh: '安装预约', en: 'Installation' },
} as const satisfies Record<string, Text>;

export const formDefinition: FormDefinition = {
  version: 1,
  fields: [
    { id: 'summary', label: { zh: '会话小结', en: 'Call summary' }, kind: { kind: 'long_text' }, required: true },
    {
      id: 'disposition', label: { zh: '业务类型', en: 'Disposition' }, required: true,
      kind: {
        kind: 'choice',
        options: [
          { id: 'overdue', label: { zh: '售后 / 上门超时', en: 'After-sales / Visit overdue' } },
          { id: 'repair', label: { zh: '售后 / 报修', en: 'After-sales / Repair' } },
          { id: 'advice', label: { zh: '回访 / 使用指导', en: 'Follow-up / Usage advice' } },
          { id: 'member', label: { zh: '会员 / 积分兑换', en: 'Members / Points' } },
        ],
      },
    },
    {
      id: 'tags', label: { zh: '客户标签', en: 'Customer tags' }, required: false,
      kind: { kind: 'tags', suggestions: ['渗水', '催单', '需再回访', 'Leak', 'Chasing', 'Call again'] },
    },
  ],
};

const label = (zh: string, en: string): Text => ({ zh, en });
const fields = (values: [string, string, string, string, string]) =>
  [label('产品', 'Product'), label('购买日期', 'Bought'), label('保修至', 'Warranty until'), label('服务地址', 'Service address'), label('偏好', 'Preference')].map(
    (name, n) => ({ label: name, value: values[n] ?? '' }),
  );

const tickets = (titles: [string, string]): PastTicket[] => [
  { reference: 'TK-20418', title: titles[0], state: 'overdue', opened_at: ago(3 * DAY), due_at: ago(28 * HOUR) },
  { reference: 'TK-20377', title: titles[1], state: 'in_progress', opened_at: ago(9 * DAY), due_at: now + 3 * DAY },
  { reference: 'TK-19820', title: titles[1], state: 'closed', opened_at: ago(60 * DAY), due_at: null },
];

export const ids = {
  yutong: '018f5a00-0000-7000-8000-000000000001',
  huimin: '018f5a00-0000-7000-8000-000000000002',
  wenbo: '018f5a00-0000-7000-8000-000000000003',
} as const;

export interface Person { id: string; name: string; number: string }
export const people: Record<Tongue, { first: Person; second: Person; third: Person }> = {
  zh: {
    first: { id: ids.yutong, name: '陈雨桐', number: '12800550142' },
    second: { id: ids.huimin, name: '刘慧敏', number: '12800550196' },
    third: { id: ids.wenbo, name: '赵文博', number: '12600550173' },
  },
  en: {
    first: { id: ids.yutong, name: 'Hannah Whitfield', number: '+14155550142' },
    second: { id: ids.huimin, name: 'Grace Liu', number: '+13125550196' },
    third: { id: ids.wenbo, name: 'Tom Becker', number: '+447700900142' },
  },
};

const cards: Record<Tongue, CustomerCard[]> = {
  zh: [
    {
      customer: {
        id: ids.yutong, reference: 'C-104882', name: '陈雨桐', numbers: ['12800550142'], home: label('浙江 杭州', 'Hangzhou, Zhejiang'),
        tags: ['金卡会员', '净水器', '有孩家庭'], version: 7,
        fields: fields(['净水器 RO-800', '2024-06-02', '2027-06-01', '杭州市西湖区文澜路 18 号 3 幢 1102 室', '工作日 18:00 后联系']),
      },
      calls: [
        { at: ago(3 * DAY + 4 * HOUR), direction: 'inbound', agent: '周启明', outcome: 'connected', talk_seconds: 402, summary: '更换滤芯后底座渗水，已关进水阀。登记上门，承诺 48 小时内。' },
        { at: ago(21 * DAY), direction: 'outbound', agent: '林晓峰', outcome: 'connected', talk_seconds: 130, summary: '安装回访，满意度 5 分。' },
        { at: ago(28 * DAY), direction: 'inbound', agent: null, outcome: 'abandoned_while_ringing', talk_seconds: 0, summary: '' },
      ],
      tickets: tickets(['滤芯更换后底座渗水', '延保发票补寄']),
      records: [
        { kind: 'visit', title: '更换 RO 滤芯，现场通水测试正常，客户签收。', at: ago(5 * DAY), by: '张师傅', link: null },
        { kind: 'chat', title: '咨询以旧换新活动与滤芯套餐价格。', at: ago(66 * DAY), by: '在线客服', link: null },
      ],
    },
    {
      customer: {
        id: ids.huimin, reference: 'C-110264', name: '刘慧敏', numbers: ['12800550196'], home: label('上海', 'Shanghai'), tags: ['银卡会员', '扫地机'], version: 2,
        fields: fields(['扫地机 S7', '2026-03-08', '2028-03-07', '上海市徐汇区云锦里 27 号 801 室', '上午联系']),
      },
      calls: [], tickets: [], records: [],
    },
    {
      customer: {
        id: ids.wenbo, reference: 'C-101733', name: '赵文博', numbers: ['12600550173'], home: label('广东 深圳', 'Shenzhen, Guangdong'), tags: ['金卡会员'], version: 4,
        fields: fields(['洗碗机 DW-12', '2025-11-11', '2028-11-10', '深圳市南山区海澄路 9 号 2101', '短信通知']),
      },
      calls: [], tickets: [], records: [],
    },
  ],
  en: [
    {
      customer: {
        id: ids.yutong, reference: 'C-104882', name: 'Hannah Whitfield', numbers: ['+14155550142'], home: label('旧金山', 'San Francisco, CA'),
        tags: ['Gold member', 'Purifier', 'Family', 'Newsletter'], version: 7,
        fields: fields(['Purifier RO-800', '2 Jun 2024', '1 Jun 2027', '1180 Larkspur Street, Apt 11, San Francisco', 'Call after 6 pm']),
      },
      calls: [
        { at: ago(3 * DAY + 4 * HOUR), direction: 'inbound', agent: 'Marcus Bell', outcome: 'connected', talk_seconds: 402, summary: 'Base leaks after a filter change, inlet valve shut. Visit promised within 48 hours.' },
        { at: ago(21 * DAY), direction: 'outbound', agent: 'Owen Park', outcome: 'connected', talk_seconds: 130, summary: 'Call after installation, rated 5.' },
      ],
      tickets: tickets(['Leak after filter change', 'Resend warranty invoice']),
      records: [
        { kind: 'visit', title: 'RO filter changed, run-through test fine, signed by customer.', at: ago(5 * DAY), by: 'R. Alvarez', link: null },
        { kind: 'chat', title: 'Asked about trade-in and the price of filter plans.', at: ago(66 * DAY), by: 'Web team', link: null },
      ],
    },
    {
      customer: {
        id: ids.huimin, reference: 'C-110264', name: 'Grace Liu', numbers: ['+13125550196'], home: label('芝加哥', 'Chicago, IL'), tags: ['Member'], version: 2,
        fields: fields(['Robot cleaner S7', '8 Mar 2026', '7 Mar 2028', '204 Wabansia Terrace, Unit 5B, Chicago', 'Mornings']),
      },
      calls: [], tickets: [], records: [],
    },
    {
      customer: {
        id: ids.wenbo, reference: 'C-101733', name: 'Tom Becker', numbers: ['+447700900142'], home: label('英国', 'United Kingdom'), tags: ['Gold member'], version: 4,
        fields: fields(['Dishwasher DW-12', '11 Nov 2025', '10 Nov 2028', '9 Harbour Row, Bristol', 'Text message']),
      },
      calls: [], tickets: [], records: [],
    },
  ],
};

/** The cards of a number. 400 100 0000 belongs to several. */
export function cardsOf(tongue: Tongue, number: string): CustomerCard[] {
  if (number === SHARED_NUMBER) return cards[tongue].slice(0, 2);
  return cards[tongue].filter(({ customer }) => customer.numbers.includes(number));
}

export const SHARED_NUMBER = '057115550188';

/** The SIP account used last. */
export const account: BareAccount = { aor: 'sip:1001@pbx.example', auth_user: null, password: '', registrar: 'pbx.example:5060', transport: 'tcp', display_name: null };

const rowSeeds: Record<Tongue, [name: string | null, number: string, group: Text, outcome: LegOutcome, talk: number, ours?: true][]> = {
  zh: [
    ['林思远', '12700550119', groups.afterSales, 'connected', 246],
    ['Emily Carter', '+447700900142', groups.afterSales, 'connected', 451, true],
    ['赵文博', '12600550173', groups.members, 'connected', 348],
    ['孙若兰', '12500550108', groups.afterSales, 'ring_no_answer', 0],
    ['刘慧敏', '12800550196', groups.afterSales, 'connected', 552],
    ['吴佳宁', '12900550167', groups.afterSales, 'busy', 0, true],
    [null, '075515550131', groups.installation, 'abandoned_while_ringing', 0],
    ['Daniel Reyes', '+14155550133', groups.members, 'connected', 197],
    ['欧阳静怡', '12400550155', groups.afterSales, 'connected', 385],
    ['高子涵', '12700550184', groups.afterSales, 'declined', 0],
    ['马丽娜·阿不都热合曼', '12600550112', groups.afterSales, 'connected', 484],
    ['许志强', '12800550127', groups.installation, 'connected', 118],
    ['何美玲', '12500550163', groups.afterSales, 'abandoned_while_ringing', 0],
  ],
  en: [
    ['Liam Ortega', '+14155550119', groups.afterSales, 'connected', 246],
    ['Emily Carter', '+447700900142', groups.afterSales, 'connected', 451, true],
    ['Tom Becker', '+447700900173', groups.members, 'connected', 348],
    ['Ruth Adeyemi', '+13125550108', groups.afterSales, 'ring_no_answer', 0],
    ['Grace Liu', '+13125550196', groups.afterSales, 'connected', 552],
    ['Daniel Okafor', '+13125550167', groups.afterSales, 'busy', 0, true],
    [null, '+16465550131', groups.installation, 'abandoned_while_ringing', 0],
    ['Daniel Reyes', '+14155550133', groups.members, 'connected', 197],
    ['Sofia Marchetti', '+447700900155', groups.afterSales, 'declined', 0],
  ],
};

export function rowsOf(tongue: Tongue): CallRow[] {
  return rowSeeds[tongue].map(([name, number, group, outcome, talk, ours], n): CallRow => {
    const offered = ago((13 + n * 23) * MINUTE);
    const answered = talk > 0 ? offered + 6_000 : null;
    return {
      record: {
        leg: `leg-${n}`, call: `call-${n}`, direction: ours ? 'outbound' : 'inbound', number, customer: name === null ? null : { id: `customer-${n}`, name },
        skill_group: ours ? null : group,
        offered_at: offered, answered_at: answered, ended_at: answered === null ? offered + 30_000 : answered + talk * 1000, outcome,
        recording: n % 4 === 2 || talk === 0 ? null : { millis: talk * 1000 },
      },
      result: outcome === 'connected' ? 'normal' : outcome === 'abandoned_while_ringing' ? 'abandoned' : 'missed',
      cannot_play: n % 4 === 2 || talk === 0 ? 'no_recording' : n === 1 ? 'not_allowed' : null,
    };
  });
}

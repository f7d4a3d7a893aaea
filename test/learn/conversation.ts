// Feeds a conversation and writes down what it says.
import { ByteBudget } from '../../src/learn/budget.ts';
import { RpcConversation, type Side } from '../../src/learn/dcerpc.ts';
import { BASIS, SEQUENCE } from '../../src/learn/towers.ts';
import { viewOf } from './bytes.ts';

export interface Said {
  readonly side: Side;
  readonly data: Uint8Array;
}

export const client = (data: Uint8Array): Said => ({ side: 0, data });
export const server = (data: Uint8Array): Said => ({ side: 1, data });

const nameOf = (table: Readonly<Record<string, number>>, value: number) =>
  Object.keys(table).find((name) => table[name] === value);

/** One line a lesson: `1 bind UUID`, `1 map tcp 49667 UUID`. */
export function lessons(said: readonly Said[], isMapper = true, budget = new ByteBudget(1 << 20)): string[] {
  const learned: string[] = [];
  const conversation = new RpcConversation(
    isMapper,
    {
      accepted: (side, interfaceUuid) => learned.push(`${side} bind ${interfaceUuid}`),
      mapped: (side, { basis, sequence, port, interfaceUuid }) =>
        learned.push(
          `${side} ${nameOf(BASIS, basis)} ${nameOf(SEQUENCE, sequence)} ${port} ${interfaceUuid}`,
        ),
    },
    budget,
  );
  for (const { side, data } of said) conversation.feed(side, viewOf(data), 0, data.length);
  conversation.end();
  return learned;
}

// The words a flow is described in, each a small number on the packet's path and a text in the store.

export const FLOW_STATES = [
  'established',
  'half-open',
  'closed',
  'reset',
  'refused',
  'unanswered',
  'mid-stream',
  'two-way',
  'one-way',
] as const;
export const END_REASONS = ['fin', 'rst', 'idle', 'active', 'evicted', 'end', 'open'] as const;
export const START_BASES = ['handshake', 'port-guess', 'first-packet'] as const;

export type FlowState = (typeof FLOW_STATES)[number];
export type EndReason = (typeof END_REASONS)[number];
export type StartBasis = (typeof START_BASES)[number];

export const STATE = {
  established: 0,
  halfOpen: 1,
  closed: 2,
  reset: 3,
  refused: 4,
  unanswered: 5,
  midStream: 6,
  twoWay: 7,
  oneWay: 8,
} as const;
export const END = { fin: 0, rst: 1, idle: 2, active: 3, evicted: 4, end: 5, open: 6 } as const;
export const BASIS = { handshake: 0, portGuess: 1, firstPacket: 2 } as const;

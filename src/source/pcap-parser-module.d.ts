declare module 'pcap-parser' {
  import type { EventEmitter } from 'node:events';

  export interface ParsedPacket {
    readonly header: {
      readonly timestampSeconds: number;
      readonly timestampMicroseconds: number;
      readonly capturedLength: number;
      readonly originalLength: number;
    };
    readonly data: Buffer;
  }

  export function parse(input: EventEmitter): EventEmitter;
}

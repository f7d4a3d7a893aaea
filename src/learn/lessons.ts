// What packets teach of RPC, on its way to where flows are labelled: plain data, which can be posted to a thread.

/** A server listens for an RPC interface on a port. */
export interface EndpointLesson {
  readonly kind: 'endpoint';
  readonly ipVersion: 4 | 6;
  /** One word of address for IPv4, four for IPv6, in network order. */
  readonly server: readonly number[];
  readonly port: number;
  readonly udp: boolean;
  /** Lower case; '' where the bind itself was not captured. */
  readonly interfaceUuid: string;
  /** An endpoint mapper's answer, or a bind that was accepted. */
  readonly basis: 'map' | 'lookup' | 'bind';
  /** The time of the packet that taught it; what is taught again has a later one. */
  readonly firstSeenUs: number;
}

/** A flow's own bind was accepted. */
export interface BindLesson {
  readonly kind: 'bind';
  readonly flowId: number;
  readonly interfaceUuid: string;
}

export type Lesson = EndpointLesson | BindLesson;

// The policy file's schema: the part of JSON Schema that it needs, as data. docs/policy.schema.json is this very
// object, which a test holds, and check.ts checks files by it.

import { FINDING_KINDS, PROFILES, ROLES, SEVERITIES } from './terms.ts';

/** A part of JSON Schema, draft 2020-12. */
export interface Schema {
  readonly $schema?: string;
  readonly title?: string;
  readonly description?: string;
  readonly type?: 'object' | 'array' | 'string' | 'integer' | 'null';
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: false;
  readonly minProperties?: number;
  readonly items?: Schema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly enum?: readonly string[];
  readonly const?: number;
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  /** Alternatives of different types. */
  readonly anyOf?: readonly Schema[];
}

/** Names stay within eight bits together with the catalog's. */
const MOST_SERVICES = 120;
const MOST_RULES = 1000;

const network: Schema = {
  type: 'string',
  description: 'An address, or a network such as 10.1.0.0/28.',
  pattern: '^[0-9A-Fa-f:.]+(/[0-9]{1,3})?$',
};
const networks: Schema = {
  description: 'One address or network, or a list of them.',
  anyOf: [network, { type: 'array', items: network, minItems: 1, maxItems: MOST_RULES }],
};
const port: Schema = { type: 'integer', minimum: 0, maximum: 65_535 };
const range: Schema = {
  type: 'string',
  description: 'FIRST-LAST, both included.',
  pattern: '^[0-9]{1,5}-[0-9]{1,5}$',
};
const ports: Schema = {
  description: 'A port, a range FIRST-LAST, or a list of both.',
  anyOf: [port, range, { type: 'array', items: { anyOf: [port, range] }, minItems: 1, maxItems: MOST_RULES }],
};
const portTransport: Schema = { type: 'string', enum: ['tcp', 'udp'] };
const transport: Schema = {
  type: 'string',
  description: 'tcp, udp, icmp, icmp6, igmp, sctp, esp, ah, or ip-N.',
  pattern: '^(tcp|udp|icmp6?|igmp|sctp|esp|ah|ip-[0-9]{1,3})$',
};
const serviceName: Schema = {
  type: 'string',
  description: 'Lower case, digits and hyphens. A name of the catalog (xports services) or one of your own.',
  pattern: '^[a-z][a-z0-9-]{0,39}$',
};
const reason: Schema = {
  type: 'string',
  description: 'Why, in a sentence; it is kept with each run.',
  minLength: 3,
  maxLength: 500,
};
const date: Schema = {
  type: 'string',
  description: 'The last day it holds, YYYY-MM-DD in UTC.',
  pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}$',
};

const object = (
  properties: Record<string, Schema>,
  required: readonly string[],
  more: Schema = {},
): Schema => ({
  type: 'object',
  ...more,
  properties,
  ...(required.length > 0 ? { required } : {}),
  additionalProperties: false,
});
/** A key whose entries are all commented out has no value, which is no mistake. */
const list = (items: Schema, description: string, maxItems = MOST_RULES): Schema => ({
  description,
  anyOf: [{ type: 'array', items, maxItems }, { type: 'null' }],
});

export const POLICY_SCHEMA: Schema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'xports policy',
  description: 'What is allowed on and around Exchange servers, for xports analyze --policy.',
  ...object(
    {
      version: { const: 1, description: 'The version of this format.' },
      profile: {
        type: 'string',
        enum: PROFILES,
        description: 'What is allowed to begin with: the allow-list, or what the vendor documents.',
      },
      servers: list(
        {
          anyOf: [
            network,
            object({ address: networks, role: { type: 'string', enum: ROLES } }, ['address'], {
              description:
                'Hosts of a known role. Only mailbox, edge and dag-member make a host a judged server.',
            }),
          ],
        },
        'The Exchange servers whose traffic is judged, and other hosts whose role is known.',
      ),
      'rpc-ranges': list(range, "TCP ports from 1024 on that the servers' RPC is pinned to.", 16),
      services: list(
        object({ name: serviceName, transport: portTransport, ports, from: networks, to: networks, reason }, [
          'name',
          'transport',
          'ports',
        ]),
        'What is allowed beside the profile.',
        MOST_SERVICES,
      ),
      denied: list(
        object({ service: serviceName, transport: portTransport, ports, reason }, [], { minProperties: 1 }),
        'What is unexpected although the profile allows it: a service by name, or ports of a transport.',
      ),
      exceptions: list(
        object(
          {
            initiator: networks,
            responder: networks,
            transport,
            ports,
            service: { ...serviceName, description: 'A service by name, or unlisted.' },
            reason,
            expires: date,
          },
          ['reason'],
          { minProperties: 2 },
        ),
        'Traffic that is allowed for a reason, and until when. All that is named has to match.',
      ),
      mirrors: list(
        network,
        'Ends of tunnels that only bring copies of traffic (ERSPAN, a tap); what is inside is judged as if bare.',
      ),
      tunnels: list(
        object(
          {
            between: { type: 'array', items: networks, minItems: 2, maxItems: 2 },
            reason,
          },
          ['between', 'reason'],
        ),
        'Tunnels that are meant to be there; what is inside is judged as if bare.',
      ),
      severities: list(
        object(
          {
            kind: { type: 'string', enum: FINDING_KINDS },
            transport,
            ports,
            severity: { type: 'string', enum: SEVERITIES },
          },
          ['severity'],
          { minProperties: 2 },
        ),
        'The severity of findings, by kind, port or both; the first that matches decides.',
      ),
    },
    [],
  ),
};

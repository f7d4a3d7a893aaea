// Words that a policy may use of findings and hosts.

export const FINDING_KINDS = [
  'unexpected-port',
  'unexpected-transport',
  'unexpected-protocol',
  'tunnelled-traffic',
  'contradicted-port',
  'known-service-elsewhere',
  'cleartext-login',
  'obsolete-tls',
  'port-scan',
  'remark',
] as const;
/** From the worst to the mildest. */
export const SEVERITIES = ['high', 'medium', 'low', 'info'] as const;

/** What a host may be, as far as Exchange goes. One host can be several of them. */
export const ROLES = [
  'mailbox',
  'edge',
  'dag-member',
  'domain-controller',
  'global-catalog',
  'dns',
  'client',
  'mail-peer',
] as const;
/** Those that make a host an Exchange server. */
export const EXCHANGE_ROLES: readonly Role[] = ['mailbox', 'edge', 'dag-member'];

export type FindingKind = (typeof FINDING_KINDS)[number];
export type Severity = (typeof SEVERITIES)[number];
export type Role = (typeof ROLES)[number];

/** Profiles to start from: see profiles.ts. */
export const PROFILES = ['allow-list', 'microsoft'] as const;
export type ProfileName = (typeof PROFILES)[number];

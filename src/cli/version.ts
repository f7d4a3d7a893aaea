// What package.json says of the program, from where it is written once.

import { readFileSync } from 'node:fs';

interface Package {
  readonly version: string;
  readonly engines: { readonly node: string };
}

function packageFile(): Package {
  return JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as Package;
}

export function packageVersion(): string {
  return packageFile().version;
}

/** The versions of Node that it is made for. */
export function acceptedNode(): string {
  return packageFile().engines.node;
}

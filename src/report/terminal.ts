// The report of a run for the screen. Every number comes from the database.

import type { StoreReader } from '../store/sqlite/reader.ts';
import { confidenceSection } from './confidence.ts';
import { endpointsSection } from './endpoints.ts';
import { findingsSection } from './findings.ts';
import { headerSection } from './header.ts';
import { hostsSection } from './hosts.ts';
import { policySection } from './policy.ts';
import { servicesSection } from './services.ts';
import { skippedSection } from './skipped.ts';
import type { Style } from './style.ts';

export function terminalReport(store: StoreReader, runId: number, look: Style): string {
  return store.snapshot(() =>
    [
      headerSection(store, runId, look),
      servicesSection(store, runId, look),
      hostsSection(store, runId, look),
      findingsSection(store, runId, look),
      endpointsSection(store, runId, look),
      policySection(store, runId, look),
      skippedSection(store, runId, look),
      confidenceSection(store, runId, look),
    ]
      .filter((section) => section !== '')
      .map((section) => `${section}\n`)
      .join('\n'),
  );
}

// A run as one JSON document, with the names of the database's columns.

import { jsonText } from '../base/text.ts';
import type { StoreReader } from '../store/sqlite/reader.ts';

export function jsonReport(store: StoreReader, runId: number): string {
  const document = store.snapshot(() => ({
    run: store.run(runId),
    sources: store.sources(runId),
    services: store.serviceCounts(runId),
    findings: store.findings(runId),
    skipped: store.skipped(runId),
  }));
  return `${jsonText(document, 2)}\n`;
}

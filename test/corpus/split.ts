// The same bytes through standard input, cut into pieces of any size, are stored as from the file.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { corpusDir, whyNoCorpus } from './corpus.ts';
import { analyze, analyzeOnce, comparable, inParallel, type Outcome } from './run.ts';

/** Every format, byte order and kind of damage, and one file longer than a read buffer. */
const files = [
  'arkime+arkime/tests/pcap/empty.pcap',
  'arkime+arkime/tests/pcap/bigendian.pcap',
  'seladb+PcapPlusPlus/Tests/Pcap++Test/PcapExamples/nanosecs.pcap',
  'OISF+suricata-verify/tests/decode-sll2-01/input.pcap',
  'zeek+zeek/testing/btest/Traces/ipv6-fragmented-dns.pcap',
  'hadrielk+pcapng-test-generator/output_le/advanced/test101.pcapng',
  'hadrielk+pcapng-test-generator/output_be/difficult/test201.pcapng',
  'google+gopacket/pcapgo/tests/le/test901.pcapng',
  'OISF+suricata-verify/tests/bug-1450-04/tls_DER-incomplete-header.pcap',
  'OTRF+Security-Datasets/datasets/atomic/windows/discovery/network/covenant_ldap_searchrequest_domainuser.cap',
  'kunklejr+node-pcap-parser/test/malformed.pcap',
  'the-tcpdump-group+libpcap/tests/pcapng-invalid-vers-1.pcapng',
  'rusticata+pcap-parser/assets/wireshark_samples-test.pcapng',
];

/** How many bytes each read gives, and up to which file size that is done. */
const cuts = [
  { bytes: '1-1', upTo: 16_384 },
  { bytes: '7-7', upTo: 262_144 },
  { bytes: '1-40', upTo: 262_144 },
  { bytes: '4096-4096', upTo: Number.POSITIVE_INFINITY },
  { bytes: '1-30000', upTo: Number.POSITIVE_INFINITY },
];

const preload = pathToFileURL(join(import.meta.dirname, 'short-reads.js')).href;

describe('captures through standard input', { skip: whyNoCorpus() }, () => {
  let whole: readonly { readonly file: string; readonly content: Buffer; readonly outcome: Outcome }[] = [];

  before(async () => {
    whole = await inParallel(files, async (file) => {
      const path = join(corpusDir, 'captures', file);
      return { file, content: readFileSync(path), outcome: await analyzeOnce(path) };
    });
  });

  for (const { bytes, upTo } of cuts) {
    test(`in reads of ${bytes} bytes are stored as from the file`, async () => {
      const small = whole.filter(({ content }) => content.length <= upTo);
      await inParallel(small, async ({ file, content, outcome }) => {
        const cut = await analyze(['-'], { content, preload, environment: { XPORTS_TEST_READS: bytes } });
        assert.equal(cut.exitCode, outcome.exitCode, `${file}: ${cut.stderr}`);
        assert.deepEqual(comparable(cut.rows), comparable(outcome.rows), file);
      });
    });
  }
});

// The suites over the corpus are one file, so that each capture is analyzed once for all of them.
import { after } from 'node:test';
import './captures.ts';
import './formats.ts';
import './pcap-parser.ts';
import './rpc.ts';
import './split.ts';
import { closePool } from './run.ts';

after(closePool);

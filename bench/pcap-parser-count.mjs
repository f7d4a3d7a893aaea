// The baseline of the stack as first named: pcap-parser with only a counter in its packet handler.
import pcapParser from 'pcap-parser';

let packets = 0;
const parser = pcapParser.parse(process.argv[2]);
parser.on('packet', () => {
  packets += 1;
});
parser.on('error', (error) => {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
});
parser.on('end', () => process.stdout.write(`packets=${packets}\n`));

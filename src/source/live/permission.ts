// Why a device could not be opened, as an error that names the command that would help.

import { readdirSync, realpathSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { EXIT, XportsError } from '../../base/errors.ts';
import { didYouMean } from '../../base/nearest.ts';
import { printable } from '../../base/text.ts';

/** The command that lets this Node open devices without being root; every script it runs then may. */
export function setcapCommand(): string {
  return `sudo setcap cap_net_raw=ep ${realpathSync(process.execPath)}`;
}

/** A device in a command, as a shell takes it. */
function named(device: string): string {
  return /^[\w.:-]+$/.test(device) ? device : JSON.stringify(printable(device));
}

/** The system does not let this process open the device. */
export class DeniedError extends XportsError {}

/** Without the privilege: what else works, each as it is typed. */
export function deniedError(device: string, words: string): DeniedError {
  const alternatives =
    process.platform === 'linux'
      ? [
          `sudo xports live --iface ${named(device)}   (opens as root, then goes on as you)`,
          `${setcapCommand()}   (lets every script of this Node capture)`,
          `sudo tcpdump -i ${named(device)} -U -w - | xports analyze -`,
        ]
      : [
          `sudo xports live --iface ${named(device)}`,
          `sudo tcpdump -i ${named(device)} -U -w - | xports analyze -`,
        ];
  return new DeniedError(
    'live',
    EXIT.noLive,
    `${printable(device)} cannot be opened: ${words}`,
    `one of these helps:\n    ${alternatives.join('\n    ')}`,
  );
}

/** Names of interfaces, as far as they are known without libpcap. */
function interfaceNames(): string[] {
  try {
    return readdirSync('/sys/class/net');
  } catch {
    return Object.keys(networkInterfaces());
  }
}

/** There is no such device. */
export function noDeviceError(device: string, words: string): XportsError {
  return new XportsError(
    'live',
    EXIT.noLive,
    `${printable(device)} cannot be opened: ${words}`,
    [didYouMean(device, interfaceNames()), 'xports interfaces lists what there is'].join(' ').trim(),
  );
}

/** The device is there and is down. */
export function notUpError(device: string, words: string): XportsError {
  const hint =
    process.platform === 'linux'
      ? `sudo ip link set ${named(device)} up`
      : `sudo ifconfig ${named(device)} up`;
  return new XportsError('live', EXIT.noLive, `${printable(device)} cannot be opened: ${words}`, hint);
}

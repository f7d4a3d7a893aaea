// Why a device could not be opened, as an error that names the command that would help.

import { realpathSync } from 'node:fs';
import { EXIT, XportsError } from '../../base/errors.ts';

/** The command that lets this Node open devices without being root; every script it runs then may. */
export function setcapCommand(): string {
  return `sudo setcap cap_net_raw=ep ${realpathSync(process.execPath)}`;
}

/** The system does not let this process open the device. */
export class DeniedError extends XportsError {}

/** Without the privilege: what else works, each as it is typed. */
export function deniedError(device: string, words: string): DeniedError {
  const alternatives =
    process.platform === 'linux'
      ? [
          `sudo xports live --iface ${device}   (opens as root, then goes on as you)`,
          `${setcapCommand()}   (lets every script of this Node capture)`,
          `sudo tcpdump -i ${device} -U -w - | xports analyze -`,
        ]
      : [`sudo xports live --iface ${device}`, `sudo tcpdump -i ${device} -U -w - | xports analyze -`];
  return new DeniedError(
    'live',
    EXIT.noLive,
    `${device} cannot be opened: ${words}`,
    `one of these helps:\n    ${alternatives.join('\n    ')}`,
  );
}

/** There is no such device. */
export function noDeviceError(device: string, words: string): XportsError {
  return new XportsError(
    'live',
    EXIT.noLive,
    `${device} cannot be opened: ${words}`,
    'xports interfaces lists what there is',
  );
}

/** The device is there and is down. */
export function notUpError(device: string, words: string): XportsError {
  const hint = process.platform === 'linux' ? `sudo ip link set ${device} up` : `sudo ifconfig ${device} up`;
  return new XportsError('live', EXIT.noLive, `${device} cannot be opened: ${words}`, hint);
}

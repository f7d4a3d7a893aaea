// Which link type a frame of Network Monitor is of (the capture file format of Network Monitor 3.4's help, and
// wiretap/netmon.c of Wireshark, which says what is really found in files).

import { NETMON_MEDIA } from '../base/media.ts';

const ETHERNET = 1;
const RAW = 101;
const WIFI = 105;

/** pcap's link types by media type. */
const LINK_TYPES: ReadonlyMap<number, number> = new Map([
  [0, ETHERNET], // Of some VPN captures.
  [1, ETHERNET],
  [2, 6], // Token Ring
  [3, 10], // FDDI
  [7, RAW], // Tunnels
  [8, RAW], // Wireless WAN
  [9, RAW], // Raw IP
  [0xe080, WIFI],
]);

export const NETMON_WIFI = NETMON_MEDIA + 6;

/** Media types from here on are what the program notes for itself: events, adapters, host names, filters. */
const FIRST_OF_NOTES = 0xffe0;
/** Media types of this group hold a link type of pcap, but for some that Message Analyzer took for itself. */
const PCAP = 0xe000;
const FIRST_OF_ANALYZER = 0xe080;
const LAST_OF_ANALYZER = 0xe08a;

/** Whether a frame of this media type is no packet at all. */
export function isNote(media: number): boolean {
  return media >= FIRST_OF_NOTES;
}

/** The link type of a media type; one without is NETMON_MEDIA and its number. */
export function linkTypeOfMedia(media: number): number {
  const known = LINK_TYPES.get(media);
  if (known !== undefined) return known;
  const isAnalyzers = media >= FIRST_OF_ANALYZER && media <= LAST_OF_ANALYZER;
  return (media & 0xf000) === PCAP && !isAnalyzers ? media & 0x0fff : NETMON_MEDIA + media;
}

/** The link type of what is behind the radio's header that Network Monitor puts before a frame of NETMON_WIFI. */
export const BEHIND_RADIO_HEADER = WIFI;
const RADIO_VERSION = 2;
const RADIO_HEADER = 32;

/** Length of the radio's header at `at`; 0 where there is none that is known. */
export function radioHeaderLength(view: DataView, at: number, length: number): number {
  if (length < RADIO_HEADER || view.getUint8(at) !== RADIO_VERSION) return 0;
  return view.getUint16(at + 1, true) === RADIO_HEADER ? RADIO_HEADER : 0;
}

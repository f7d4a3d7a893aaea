// Numbers for kinds of links that a capture format knows by a number of its own and pcap's registry has none for.

/** Added to Network Monitor's media type, and to snoop's datalink type. */
export const NETMON_MEDIA = 0x1_0000;
export const SNOOP_DATALINK = 0x2_0000;

/** A link type's number as text: pcap's own, or `netmon-10`, `snoop-5`. */
export function linkNumberText(linkType: number): string {
  if (linkType >= SNOOP_DATALINK) return `snoop-${linkType - SNOOP_DATALINK}`;
  if (linkType >= NETMON_MEDIA) return `netmon-${linkType - NETMON_MEDIA}`;
  return String(linkType);
}

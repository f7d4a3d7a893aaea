"""Packets inside packets as scapy builds them, one JSON object a line: what scapy was told, and the bytes it made of it.

Encapsulations and link types are combined with every innermost packet, so that neither our builder nor our decoder has
a hand in them.
"""

import json
import sys

from scapy.config import conf

conf.ipv6_enabled = False
from scapy.contrib.chdlc import CHDLC  # noqa: E402
from scapy.contrib.erspan import ERSPAN_I, ERSPAN_II, ERSPAN_III, ERSPAN_PlatformSpecific  # noqa: E402
from scapy.contrib.geneve import GENEVE, GeneveOptions  # noqa: E402
from scapy.contrib.gtp import GTP_U_Header, GTPPDUSessionContainer  # noqa: E402
from scapy.contrib.mpls import MPLS, EoMCW  # noqa: E402
from scapy.layers.dot11 import Dot11, Dot11QoS, RadioTap  # noqa: E402
from scapy.layers.inet import ICMP, IP, TCP, UDP  # noqa: E402
from scapy.layers.inet6 import IPv6, IPv6ExtHdrDestOpt  # noqa: E402
from scapy.layers.l2 import GRE, GRE_PPTP, LLC, SNAP, CookedLinux, Dot1AD, Dot1Q, Ether  # noqa: E402
from scapy.layers.ppp import HDLC, PPP, PPPoE  # noqa: E402
from scapy.layers.vxlan import VXLAN  # noqa: E402

A, B = "192.0.2.1", "192.0.2.2"
A6, B6 = "2001:db8:ffff::1", "2001:db8:ffff::2"
MACS = {"src": "02:00:00:00:00:01", "dst": "02:00:00:00:00:02"}


def inner(version, transport):
    """The innermost packet and what has to be read of it."""
    src, dst = ("10.0.1.10", "10.0.0.5") if version == 4 else ("2001:db8:1::10", "2001:db8::5")
    ip = IP(src=src, dst=dst) if version == 4 else IPv6(src=src, dst=dst)
    told = {"src": src, "dst": dst, "sport": 50001, "dport": 25}
    if transport == "tcp":
        return ip / TCP(sport=50001, dport=25, flags="S") / b"hello", {**told, "protocol": 6}
    return ip / UDP(sport=50001, dport=25) / b"hello", {**told, "protocol": 17}


def frame():
    return Ether(**MACS)


def ether_type(packet):
    return 0x0800 if isinstance(packet, IP) else 0x86DD


def ppp(packet):
    return PPP(proto=0x21 if isinstance(packet, IP) else 0x57) / packet


def around(packet):
    """Each encapsulation: its name, and all that is around the IP packet inside, from the outer IP header on."""
    v4, v6 = IP(src=A, dst=B), IPv6(src=A6, dst=B6)
    number = 4 if isinstance(packet, IP) else 41
    for outer in (v4, v6):
        name = "6in4" if outer is v4 and number == 41 else "ipip"
        head = IP(src=A, dst=B, proto=number) if outer is v4 else IPv6(src=A6, dst=B6, nh=number)
        yield name, head / packet
        yield "gre", outer / GRE(proto=ether_type(packet)) / packet
        yield "gre", outer / GRE(
            proto=ether_type(packet), chksum_present=1, key_present=1, seqnum_present=1, key=7, sequence_number=9
        ) / packet
        yield "gre", outer / GRE(proto=0x6558) / frame() / packet
        yield "nvgre", outer / GRE(proto=0x6558, key_present=1, key=0x123407) / frame() / packet
        yield "erspan", outer / GRE(proto=0x88BE) / ERSPAN_I() / frame() / packet
        yield "erspan", outer / GRE(proto=0x88BE, seqnum_present=1) / ERSPAN_II(ver=1, session_id=100) / frame() / packet
        yield "erspan", outer / GRE(proto=0x22EB, seqnum_present=1) / ERSPAN_III(ver=2, session_id=100) / frame() / packet
        yield "erspan", outer / GRE(proto=0x22EB, seqnum_present=1) / ERSPAN_III(
            ver=2, o=1
        ) / ERSPAN_PlatformSpecific() / frame() / packet
        yield "vxlan", outer / UDP(sport=49152, dport=4789) / VXLAN(vni=5000, flags=8) / frame() / packet
        yield "geneve", outer / UDP(sport=49152, dport=6081) / GENEVE(vni=5000, proto=0x6558) / frame() / packet
        yield "geneve", outer / UDP(sport=49152, dport=6081) / GENEVE(
            vni=1, proto=0x6558, options=GeneveOptions(classid=0x102, type=0x80, data=b"\1\2\3\4")
        ) / frame() / packet
        yield "gtpu", outer / UDP(sport=2152, dport=2152) / GTP_U_Header(teid=9, gtp_type=255) / packet
        yield "gtpu", outer / UDP(sport=2152, dport=2152) / GTP_U_Header(teid=9, gtp_type=255, S=1, seq=3) / packet
        yield "gtpu", outer / UDP(sport=2152, dport=2152) / GTP_U_Header(
            teid=9, gtp_type=255, E=1, next_ex=0x85
        ) / GTPPDUSessionContainer(type=1, QFI=9) / packet
        yield "gre", outer / GRE_PPTP(call_id=6, seqnum_present=1, seqence_number=1) / HDLC() / ppp(packet)
    yield "ipip", v6 / IPv6ExtHdrDestOpt(nh=number) / packet


def links(packet):
    """Each link with its number, what it adds to the encapsulation and to the VLAN tags."""
    kind = ether_type(packet)
    yield 1, "", None, Ether(**MACS, type=kind) / packet
    yield 1, "", "100,200", Ether(**MACS) / Dot1AD(vlan=100) / Dot1Q(vlan=200, type=kind) / packet
    yield 1, "mpls", None, Ether(**MACS, type=0x8847) / MPLS(label=16, s=0) / MPLS(label=17, s=1) / packet
    yield 1, "mpls", None, Ether(**MACS, type=0x8847) / MPLS(label=16, s=1) / EoMCW() / Ether(**MACS) / packet
    yield 1, "mpls", "30", Ether(**MACS, type=0x8847) / MPLS(label=16, s=1) / Ether(**MACS) / Dot1Q(vlan=30) / packet
    yield 1, "pppoe", None, Ether(**MACS, type=0x8864) / PPPoE(sessionid=1) / ppp(packet)
    yield 9, "", None, ppp(packet)
    yield 50, "", None, HDLC() / ppp(packet)
    yield 101, "", None, packet
    yield 104, "", None, CHDLC(proto=kind) / packet
    yield 113, "", None, CookedLinux(proto=kind) / packet
    snap = LLC(dsap=0xAA, ssap=0xAA, ctrl=3) / SNAP(code=kind) / packet
    addresses = {"addr1": MACS["dst"], "addr2": MACS["src"], "addr3": "02:00:00:00:00:03"}
    yield 105, "", None, Dot11(type=2, subtype=0, FCfield="from-DS", **addresses) / snap
    yield 127, "", None, RadioTap() / Dot11(type=2, subtype=8, FCfield="to-DS", **addresses) / Dot11QoS() / snap


def emit(link, packet, told, encapsulation, vlans):
    case = {"link": link, "hex": bytes(packet).hex(), "encapsulation": encapsulation or None, "vlans": vlans}
    print(json.dumps({**case, **told}))


def main():
    for version in (4, 6):
        for transport in ("tcp", "udp"):
            packet, told = inner(version, transport)
            for link, outer_name, vlans, linked in links(packet):
                emit(link, linked, told, outer_name, vlans)
            for name, wrapped in around(packet):
                emit(1, frame() / wrapped, told, name, None)
                # Every pair once is enough: over IPv4, with TCP inside.
                pairs = around(wrapped) if transport == "tcp" else ()
                for second, twice in (pair for pair in pairs if isinstance(pair[1], IP)):
                    emit(1, frame() / twice, told, f"{second}/{name}", None)
            for link, outer_name, vlans, linked in links(next(iter(around(packet)))[1]):
                name = "ipip" if version == 4 else "6in4"
                emit(link, linked, told, f"{outer_name}/{name}" if outer_name else name, vlans)


if __name__ == "__main__":
    sys.exit(main())

"""Sends the IP packets of a classic Ethernet capture out of one device and counts what comes back on another:
replay.py CAPTURE OUT BACK ROUTER-MAC. Prints how many packets of each kind were sent and came back, as JSON.

Frames get the router's address and a hop limit that reaches through it; what a capture cut off is filled with zeros;
VLAN tags are taken off. What no router passes on (groups, loopback, link-local) is not sent. The last packet is an
echo request that every set of rules lets pass: when it is back, all are."""

import ipaddress
import json
import os
import socket
import struct
import sys

ETHER_ALL = 3
LIMIT_S = 30
MARKER = ("198.18.0.1", "198.18.0.2")


def records(path):
    with open(path, "rb") as file:
        data = file.read()
    order = "<" if data[:4] in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1") else ">"
    assert struct.unpack(order + "I", data[20:24])[0] & 0xFFFF == 1, "Ethernet only"
    at = 24
    while at + 16 <= len(data):
        captured = struct.unpack(order + "I", data[at + 8 : at + 12])[0]
        yield data[at + 16 : at + 16 + captured]
        at += 16 + captured


def inside(frame):
    """The EtherType and what it carries, without VLAN tags."""
    at = 12
    kind = int.from_bytes(frame[at : at + 2], "big")
    while kind in (0x8100, 0x88A8):
        at += 4
        kind = int.from_bytes(frame[at : at + 2], "big")
    return kind, bytearray(frame[at + 2 :])


def checksum(header):
    total = sum(struct.unpack(f">{len(header) // 2}H", header))
    total = (total & 0xFFFF) + (total >> 16)
    return ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF


def through_router(kind, packet):
    """The packet ready to be sent, or None where no router would pass it on."""
    if kind == 0x0800 and len(packet) >= 20 and packet[0] >> 4 == 4:
        length = int.from_bytes(packet[2:4], "big") or len(packet)
        header = (packet[0] & 15) * 4
        if header < 20 or len(packet) < header or length < header:
            return None
        ends = ipaddress.ip_address(bytes(packet[12:16])), ipaddress.ip_address(bytes(packet[16:20]))
        packet[2:4] = length.to_bytes(2, "big")
        packet[8] = 64
        packet[10:12] = b"\0\0"
        packet[10:12] = checksum(packet[:header]).to_bytes(2, "big")
    elif kind == 0x86DD and len(packet) >= 40 and packet[0] >> 4 == 6:
        length = 40 + int.from_bytes(packet[4:6], "big")
        ends = ipaddress.ip_address(bytes(packet[8:24])), ipaddress.ip_address(bytes(packet[24:40]))
        packet[7] = 64
    else:
        return None
    local = any(
        end.is_multicast or end.is_loopback or end.is_unspecified or end.is_link_local or int(end) == 0xFFFFFFFF
        for end in ends
    )
    if local or ends[0] == ends[1]:
        return None
    return bytes(packet[:length]).ljust(length, b"\0")


def key_of(packet):
    """What kind of packet it is: protocol, addresses, and ports (of ICMP its type)."""
    packet = bytes(packet)
    if packet[0] >> 4 == 4:
        protocol, at, source, target = packet[9], (packet[0] & 15) * 4, packet[12:16], packet[16:20]
    else:
        protocol, at, source, target = packet[6], 40, packet[8:24], packet[24:40]
    if protocol in (6, 17, 132):
        ports = struct.unpack(">HH", packet[at : at + 4])
    else:
        ports = (packet[at], -1) if protocol in (1, 58) else (-1, -1)
    return f"{protocol} {ipaddress.ip_address(source)} {ports[0]} {ipaddress.ip_address(target)} {ports[1]}"


def marker():
    packet = bytearray(28)
    packet[0], packet[3], packet[8], packet[9], packet[20] = 0x45, 28, 64, 1, 8
    packet[12:16], packet[16:20] = (ipaddress.ip_address(end).packed for end in MARKER)
    packet[10:12] = checksum(packet[:20]).to_bytes(2, "big")
    packet[22:24] = checksum(packet[20:]).to_bytes(2, "big")
    return bytes(packet)


def main(path, out, back, router):
    # On one processor, packets stay in order.
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    sender = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    sender.bind((out, 0))
    receiver = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETHER_ALL))
    receiver.setsockopt(socket.SOL_SOCKET, 33, 64 << 20)  # SO_RCVBUFFORCE
    receiver.bind((back, 0))
    receiver.settimeout(LIMIT_S)
    sent, came = {}, {}
    last = marker()

    def send(kind, packet):
        sent[key_of(packet)] = sent.get(key_of(packet), 0) + 1
        addresses = bytes.fromhex(router.replace(":", "")) + b"\x02\0\0\0\0\1"
        sender.send(addresses + kind.to_bytes(2, "big") + packet)

    for frame in records(path):
        kind, packet = inside(frame)
        packet = through_router(kind, packet)
        if packet is not None:
            send(kind, packet)
    send(0x0800, last)
    while key_of(last) not in came:
        kind, packet = inside(receiver.recv(1 << 16))
        # The router's own words to its neighbours were not sent here.
        if kind in (0x0800, 0x86DD) and key_of(packet) in sent:
            came[key_of(packet)] = came.get(key_of(packet), 0) + 1
    json.dump({"sent": sent, "came": came, "marker": key_of(last)}, sys.stdout)


main(*sys.argv[1:])

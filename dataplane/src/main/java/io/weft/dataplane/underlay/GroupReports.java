package io.weft.dataplane.underlay;

import io.weft.encap.Icmp;
import io.weft.encap.IpAddress;
import io.weft.encap.Mem;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Says which multicast groups this host listens to, so that switches and routers bring their packets here: IGMPv3 (RFC
 * 9776) and MLDv2 (RFC 9777) reports, and those of the version before to a querier that speaks it. Any source is
 * listened to.
 *
 * <p>Owned by the conductor.
 */
final class GroupReports {
    private static final long MILLI = 1_000_000L;
    private static final long REPEAT = 1_000 * MILLI;
    /** A change is said twice, in case the first is lost. */
    private static final int TIMES = 2;

    private static final int IGMP_V2_REPORT = 0x16;
    private static final int IGMP_V2_LEAVE = 0x17;
    private static final int IGMP_V3_REPORT = 0x22;
    private static final int MLD_V1_REPORT = 131;
    private static final int MLD_V1_DONE = 132;
    private static final int MLD_V2_REPORT = 143;
    private static final int MODE_IS_EXCLUDE = 2;
    private static final int CHANGE_TO_INCLUDE = 3;
    private static final int CHANGE_TO_EXCLUDE = 4;
    private static final int OLD_QUERY_4 = 8;
    private static final int OLD_QUERY_6 = 24;
    private static final IpAddress IGMP_ROUTERS = IpAddress.v4(0xe000_0016);
    private static final IpAddress ALL_ROUTERS_4 = IpAddress.v4(0xe000_0002);
    private static final IpAddress MLD_ROUTERS = IpAddress.v6(0xff02_0000_0000_0000L, 0x16);
    private static final IpAddress ALL_ROUTERS_6 = IpAddress.v6(0xff02_0000_0000_0000L, 2);

    private final OwnAddresses own;
    private final OwnPackets packets;
    private final Map<IpAddress, Report> groups = new LinkedHashMap<>();
    private boolean oldQuerier4;
    private boolean oldQuerier6;

    GroupReports(final OwnAddresses own, final OwnPackets packets) {
        this.own = own;
        this.packets = packets;
        for (final IpAddress address : own.all()) {
            if (!address.isIpv4()) {
                groups.put(OwnPackets.solicitedNode(address), new Report());
            }
        }
    }

    void join(final IpAddress group, final long now) {
        final Report report = new Report();
        report.at = now;
        groups.put(group, report);
    }

    void leave(final IpAddress group, final boolean isUp) {
        if (groups.remove(group) != null && isUp) {
            say(group, CHANGE_TO_INCLUDE);
        }
    }

    /** Says all of it again: the link has come back. */
    void again(final long now) {
        groups.values().forEach(report -> {
            report.left = TIMES;
            report.at = now;
        });
    }

    void run(final long now) {
        groups.forEach((group, report) -> {
            if (report.left > 0 && now - report.at >= 0) {
                say(group, report.isAnswer ? MODE_IS_EXCLUDE : CHANGE_TO_EXCLUDE);
                report.isAnswer = false;
                report.left--;
                report.at = now + REPEAT;
            }
        });
    }

    /** An IGMP query: the maximum response time is in tenths of a second. */
    void query4(final long igmp, final int length, final long now) {
        final int code = Mem.getByte(igmp + 1);
        oldQuerier4 = length == OLD_QUERY_4;
        answer(4, IpAddress.v4(Mem.getInt(igmp + 4)), Math.min(code, 128) * (100 * MILLI), now);
    }

    /** An MLD query: the maximum response delay is in milliseconds. */
    void query6(final long icmp, final int length, final long now) {
        if (length < OLD_QUERY_6) {
            return;
        }
        oldQuerier6 = length == OLD_QUERY_6;
        final long delay = Math.min(Icmp.identifier(icmp), 32_768) * MILLI;
        answer(6, IpAddress.v6(Mem.getLong(icmp + 8), Mem.getLong(icmp + 16)), delay, now);
    }

    private void answer(final int family, final IpAddress asked, final long within, final long now) {
        groups.forEach((group, report) -> {
            if (group.family() == family && (asked.isUnspecified() || asked.equals(group))) {
                // Spread over the time that there is, by the host and the group.
                final int spread = ((group.hashCode() ^ Long.hashCode(own.mac())) * 0x9e37_79b9) >>> 24;
                final long at = now + within / 256 * spread;
                if (report.left == 0 || at - report.at < 0) {
                    report.isAnswer = report.left == 0;
                    report.left = Math.max(1, report.left);
                    report.at = at;
                }
            }
        });
    }

    private void say(final IpAddress group, final int change) {
        final boolean leaving = change == CHANGE_TO_INCLUDE;
        if (group.isIpv4()) {
            final IpAddress source = own.sourceFor(group);
            final int address = (int) group.lo();
            if (source == null) {
                return;
            }
            if (oldQuerier4) {
                packets.igmp(
                        source,
                        leaving ? ALL_ROUTERS_4 : group,
                        (leaving ? IGMP_V2_LEAVE : IGMP_V2_REPORT) << 24,
                        address);
            } else {
                packets.igmp(source, IGMP_ROUTERS, IGMP_V3_REPORT << 24, 1, change << 24, address);
            }
            return;
        }
        final int[] words = {(int) (group.hi() >>> 32), (int) group.hi(), (int) (group.lo() >>> 32), (int) group.lo()};
        if (own.linkLocal() == null) {
            return;
        }
        if (oldQuerier6) {
            packets.mld(
                    own.linkLocal(),
                    leaving ? ALL_ROUTERS_6 : group,
                    (leaving ? MLD_V1_DONE : MLD_V1_REPORT) << 24,
                    0,
                    words[0],
                    words[1],
                    words[2],
                    words[3]);
        } else {
            packets.mld(
                    own.linkLocal(),
                    MLD_ROUTERS,
                    MLD_V2_REPORT << 24,
                    1,
                    change << 24,
                    words[0],
                    words[1],
                    words[2],
                    words[3]);
        }
    }

    /** What is still to be said of a group. */
    private static final class Report {
        private int left = TIMES;
        private long at;
        private boolean isAnswer;
    }
}

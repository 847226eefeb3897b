/*
 * load - frames for a switch, by two guests that it knows over vhost-user.
 *
 *   load EAL-OPTIONS --vdev=net_virtio_user0,... --vdev=net_virtio_user1,... -- --scenario NAME [OPTIONS]
 *
 * Each guest is a virtio-user device of DPDK that serves its socket; the switch connects. One thread sends what was built
 * before the start, receives, looks at a sample of what came and prints one line of JSON. bench/README.md has the roles of
 * the two ports and the addresses.
 *
 * What keeps it ahead of the switch: a flow's headers are one or two cache lines that are copied whole; the payload behind
 * them was written when the buffers were made and never changes, since buffers that are sent are never received into; a
 * burst that the ring refused is offered again as it is; received buffers go back to their pool unread, but for the sample.
 */
#include <getopt.h>
#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_malloc.h>
#include <rte_mbuf.h>
#include <rte_prefetch.h>

enum {
	TX_BURST = 32,
	RX_BURST = 64,
	LINE = 64,
	BUFFERS = 4095,          /* of each pool: two rings of 1,024 and what is on its way */
	ETH_BYTES = 14,
	INNER_HEADERS = 14 + 20 + 8,
	VXLAN_OUTER = 14 + 20 + 8 + 8,
	NVGRE_OUTER = 14 + 20 + 8,
	MARK_BYTES = 8,          /* behind the inner headers: the template's number and a word that says whose frame it is */
	STAMP_BYTES = 8,         /* behind that: when it was sent */
	PREFETCH_AHEAD = 12,
	MAX_WINDOWS = 6000,
	VNI = 5001,
	VXLAN_PORT = 4789,
};

static const uint32_t MARK = 0x77656674;
static const uint32_t SWITCH_IP = 0x0a4d0001, PEER_IP = 0x0a4d0002;
static const uint8_t SWITCH_MAC[6] = { 2, 0, 0, 0, 0xaa, 1 }, PEER_MAC[6] = { 2, 0, 0, 0, 0xbb, 2 };
/* Sizes count the FCS, which nobody stores. */
static const unsigned IMIX[12] = { 64, 594, 64, 64, 594, 64, 1518, 64, 594, 64, 594, 64 };

/* A scenario is where frames come from, where they go to, and what is around them on both ways. */
struct scenario {
	const char *name;
	int from, to;
	unsigned outer_sent, outer_received;
	bool nvgre, learns;
};

static const struct scenario SCENARIOS[] = {
	{ "l2", 0, 1, 0, 0, false, true },
	{ "encap", 0, 1, 0, VXLAN_OUTER, false, false },
	{ "decap", 1, 0, VXLAN_OUTER, 0, false, true },
	{ "nvgre-encap", 0, 1, 0, NVGRE_OUTER, true, false },
	{ "nvgre-decap", 1, 0, NVGRE_OUTER, 0, true, true },
};

static const struct scenario *run;
static unsigned size = 64; /* 0: imix */
static unsigned flows = 1, macs = 1, queue_size = 1024, sample;
static double seconds = 3, warmup = 2, rate;
static double gap_min, gap_max; /* milliseconds between single frames */

static volatile sig_atomic_t stopped;

static void on_signal(int signal)
{
	(void)signal;
	stopped = 1;
}

__attribute__((noreturn, format(printf, 1, 2))) static void fail(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	fputs("load: ", stderr);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
	_exit(1);
}

static void usage(void)
{
	fputs("usage: load EAL-OPTIONS -- --scenario l2|encap|decap|nvgre-encap|nvgre-decap\n"
	      "  --size BYTES|imix   of the inner frame, with FCS: 64 to 1518 (default 64)\n"
	      "  --flows N           UDP 5-tuples (1)\n"
	      "  --macs N            destinations 02:00:00:01:00:00 and on (1)\n"
	      "  --rate N            frames a second (as many as the switch takes)\n"
	      "  --gap MS,MS         instead: single frames, this long apart, drawn evenly\n"
	      "  --seconds S         measured (3), after --warmup S (2)\n"
	      "  --check N           looks at every Nth frame that arrives (32; with --rate or --gap: 1)\n"
	      "  --queue-size N      of the devices' rings (1024)\n",
	      stderr);
	exit(2);
}

/* ---- frames ---- */

static void put16(uint8_t *p, unsigned v)
{
	p[0] = v >> 8;
	p[1] = v;
}

static void put32(uint8_t *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v & 0xffff);
}

static unsigned get16(const uint8_t *p)
{
	return p[0] << 8 | p[1];
}

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)get16(p) << 16 | get16(p + 2);
}

/* Of bytes that contain their own checksum it is 0. */
static unsigned ones_complement(const uint8_t *p, unsigned bytes)
{
	uint32_t sum = 0;
	for (unsigned i = 0; i < bytes; i += 2)
		sum += get16(p + i);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return ~sum & 0xffff;
}

static void put_ipv4(uint8_t *p, unsigned bytes, unsigned protocol, uint32_t from, uint32_t to)
{
	memset(p, 0, 20);
	p[0] = 0x45;
	put16(p + 2, bytes);
	put16(p + 6, 0x4000);
	p[8] = 64;
	p[9] = protocol;
	put32(p + 12, from);
	put32(p + 16, to);
	put16(p + 10, ones_complement(p, 20));
}

static void put_udp(uint8_t *p, unsigned from, unsigned to, unsigned bytes)
{
	put16(p, from);
	put16(p + 2, to);
	put16(p + 4, bytes);
	put16(p + 6, 0);
}

static void put_mac(uint8_t *p, unsigned n)
{
	static const uint8_t prefix[] = { 2, 0, 0, 1 };
	memcpy(p, prefix, 4);
	put16(p + 4, n);
}

/* What the payload holds at this place of the inner frame. */
static uint8_t payload(unsigned at)
{
	return at * 37 + 11;
}

/*
 * What differs between frames, as it is copied: `lines` cache lines each, one where nothing is around the inner frame, else
 * two. The last two bytes are not the frame's own but its length: they lie behind a short frame, or in a long one's payload.
 */
static uint8_t *heads;
static unsigned head_count, lines, stamp_at;

static unsigned length_of(const uint8_t *head)
{
	uint16_t bytes;
	memcpy(&bytes, head + lines * LINE - 2, 2);
	return bytes;
}

static void put_inner(uint8_t *p, unsigned number, unsigned bytes)
{
	const unsigned flow = number % flows, mac = number % macs;
	static const uint8_t sender[6] = { 2, 0, 0, 0, 0, 1 };
	put_mac(p, mac);
	memcpy(p + 6, sender, 6);
	put16(p + 12, 0x0800);
	put_ipv4(p + ETH_BYTES, bytes - ETH_BYTES, 17, 0xac100001, 0xac110000 + mac);
	put_udp(p + ETH_BYTES + 20, 2000 + flow % 50000, 7000 + flow / 50000, bytes - ETH_BYTES - 20);
	memcpy(p + INNER_HEADERS, &number, 4);
	memcpy(p + INNER_HEADERS + 4, &MARK, 4);
}

static void put_outer(uint8_t *p, unsigned number, unsigned inner)
{
	memcpy(p, SWITCH_MAC, 6);
	memcpy(p + 6, PEER_MAC, 6);
	put16(p + 12, 0x0800);
	put_ipv4(p + 14, run->outer_sent - 14 + inner, run->nvgre ? 47 : 17, PEER_IP, SWITCH_IP);
	if (run->nvgre) {
		put32(p + 34, 0x20006558);
		put32(p + 38, VNI << 8 | (number & 0xff));
	} else {
		put_udp(p + 34, 49152 + number % 16384, VXLAN_PORT, 16 + inner);
		put32(p + 42, 0x08000000);
		put32(p + 46, VNI << 8);
	}
}

static void build(void)
{
	head_count = RTE_MAX(flows, macs);
	if (size == 0) /* so that the mix stays what it is where the heads begin again */
		head_count = (head_count + 11) / 12 * 12;
	stamp_at = run->outer_sent + INNER_HEADERS + MARK_BYTES;
	lines = (stamp_at + STAMP_BYTES + 2 + LINE - 1) / LINE;
	heads = rte_zmalloc("heads", ((size_t)head_count + PREFETCH_AHEAD) * lines * LINE, LINE);
	if (heads == NULL)
		fail("no memory for %u flows", head_count);
	for (unsigned i = 0; i < head_count; i++) {
		const unsigned inner = (size ? size : IMIX[i % 12]) - 4;
		const uint16_t bytes = run->outer_sent + inner;
		uint8_t *head = heads + (size_t)i * lines * LINE;
		if (run->outer_sent)
			put_outer(head, i, inner);
		put_inner(head + run->outer_sent, i, inner);
		for (unsigned k = stamp_at + STAMP_BYTES; k < lines * LINE; k++)
			head[k] = payload(k - run->outer_sent);
		memcpy(head + lines * LINE - 2, &bytes, 2);
	}
}

/* ---- what arrives ---- */

static const char *wrong_tunnel(const uint8_t *p, unsigned bytes)
{
	if (memcmp(p, PEER_MAC, 6) || memcmp(p + 6, SWITCH_MAC, 6))
		return "outer MAC";
	if (get16(p + 12) != 0x0800 || p[14] != 0x45 || p[23] != (run->nvgre ? 47 : 17))
		return "outer protocol";
	if (ones_complement(p + 14, 20) != 0)
		return "outer IPv4 checksum";
	if (get32(p + 26) != SWITCH_IP || get32(p + 30) != PEER_IP || get16(p + 16) != bytes - 14)
		return "outer IPv4 address or length";
	if (run->nvgre)
		return get32(p + 34) != 0x20006558 || get32(p + 38) >> 8 != VNI ? "GRE header" : NULL;
	if (get16(p + 36) != VXLAN_PORT || get16(p + 38) != bytes - 34)
		return "outer UDP port or length";
	return get32(p + 42) != 0x08000000 || get32(p + 46) != VNI << 8 ? "VXLAN header" : NULL;
}

/* Why a frame is not what the switch should have made of one of ours, or NULL. */
static const char *wrong(const uint8_t *p, unsigned bytes)
{
	uint32_t number, mark;
	if (bytes < run->outer_received + INNER_HEADERS + MARK_BYTES + STAMP_BYTES)
		return "too short";
	if (run->outer_received) {
		const char *why = wrong_tunnel(p, bytes);
		if (why)
			return why;
	}
	const uint8_t *inner = p + run->outer_received;
	memcpy(&number, inner + INNER_HEADERS, 4);
	memcpy(&mark, inner + INNER_HEADERS + 4, 4);
	if (mark != MARK || number >= head_count)
		return "no marker";
	const uint8_t *head = heads + (size_t)number * lines * LINE, *expected = head + run->outer_sent;
	const unsigned inner_bytes = length_of(head) - run->outer_sent, copied = lines * LINE - run->outer_sent;
	if (bytes - run->outer_received != inner_bytes)
		return "length";
	if (memcmp(inner, expected, INNER_HEADERS))
		return "inner headers";
	for (unsigned k = INNER_HEADERS + MARK_BYTES + STAMP_BYTES; k < inner_bytes; k++)
		if (inner[k] != (k < copied ? expected[k] : payload(k)))
			return "payload";
	return NULL;
}

/* Frames of a host's own, such as ARP and IPv6's: not ours, so not wrong. */
static bool is_foreign(const uint8_t *p)
{
	return (p[0] & 1) || (get16(p + 12) != 0x0800);
}

/* Times in ns: 32 steps to each power of two. */
static uint64_t histogram[64 * 32], histogram_count;
static double slowest;

static void note_latency(double ns)
{
	const uint64_t v = ns < 32 ? 32 : (uint64_t)ns;
	const unsigned power = 63 - __builtin_clzll(v);
	histogram[power * 32 + (v >> (power - 5) & 31)]++;
	histogram_count++;
	slowest = RTE_MAX(slowest, ns);
}

static double percentile_us(double share)
{
	uint64_t seen = 0;
	const uint64_t wanted = ceil(share * histogram_count);
	for (unsigned i = 0; i < RTE_DIM(histogram) && histogram_count; i++) {
		seen += histogram[i];
		if (seen >= wanted)
			return ldexp(32 + i % 32 + 1, (int)(i / 32) - 5) / 1e3;
	}
	return 0;
}

/* ---- devices ---- */

static struct rte_mempool *sent_pool, *received_pool;

static void write_payload(struct rte_mempool *pool, void *unused, void *object, unsigned index)
{
	(void)pool;
	(void)unused;
	(void)index;
	struct rte_mbuf *m = object;
	uint8_t *data = (uint8_t *)m->buf_addr + RTE_PKTMBUF_HEADROOM;
	for (unsigned k = 0; k < RTE_MBUF_DEFAULT_DATAROOM; k++)
		data[k] = payload(k - run->outer_sent);
}

static void open_devices(void)
{
	const struct rte_eth_conf none = { 0 };
	sent_pool = rte_pktmbuf_pool_create("sent", BUFFERS, 512, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	received_pool = rte_pktmbuf_pool_create("received", BUFFERS, 512, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	if (sent_pool == NULL || received_pool == NULL)
		fail("no memory for frames: are there huge pages?");
	rte_mempool_obj_iter(sent_pool, write_payload, NULL);
	for (uint16_t port = 0; port < 2; port++) {
		if (rte_eth_dev_configure(port, 1, 1, &none) ||
		    rte_eth_rx_queue_setup(port, 0, queue_size, SOCKET_ID_ANY, NULL, received_pool) ||
		    rte_eth_tx_queue_setup(port, 0, queue_size, SOCKET_ID_ANY, NULL) || rte_eth_dev_start(port))
			fail("device %u does not start", port);
		rte_eth_promiscuous_enable(port);
	}
}

static void await_switch(void)
{
	for (int tries = 0; !stopped; tries++) {
		struct rte_eth_link link[2];
		if (rte_eth_link_get_nowait(0, &link[0]) == 0 && rte_eth_link_get_nowait(1, &link[1]) == 0 &&
		    link[0].link_status && link[1].link_status)
			break;
		if (tries > 600)
			fail("the switch did not connect within 30 s");
		rte_delay_us_sleep(50000);
	}
	/* Connected is not yet configured. */
	rte_delay_us_sleep(700000);
}

static uint64_t drain(uint16_t port)
{
	struct rte_mbuf *m[RX_BURST];
	uint64_t frames = 0;
	uint16_t n;
	while ((n = rte_eth_rx_burst(port, 0, m, RX_BURST)) > 0) {
		rte_pktmbuf_free_bulk(m, n);
		frames += n;
	}
	return frames;
}

/* The machines behind the receiving port say who they are, twice, in gratuitous ARP. */
static void introduce(void)
{
	const uint64_t patience = rte_rdtsc() + 20 * rte_get_tsc_hz();
	for (unsigned i = 0; i < 2 * macs; i++) {
		struct rte_mbuf *m = rte_pktmbuf_alloc(received_pool);
		if (m == NULL)
			fail("no buffer for ARP");
		uint8_t *p = rte_pktmbuf_mtod(m, uint8_t *);
		memset(p, 0, 60);
		memset(p, 0xff, 6);
		put_mac(p + 6, i % macs);
		put16(p + 12, 0x0806);
		put32(p + 14, 0x00010800);
		put32(p + 18, 0x06040001);
		put_mac(p + 22, i % macs);
		put32(p + 28, 0xac110000 + i % macs);
		put32(p + 38, 0xac110000 + i % macs);
		m->data_len = m->pkt_len = 60;
		while (rte_eth_tx_burst(run->to, 0, &m, 1) == 0) {
			if (stopped || rte_rdtsc() > patience)
				fail("the switch takes no frames");
			drain(run->from);
		}
		if (i % 8 == 7) {
			rte_delay_us_block(40);
			drain(run->from);
		}
	}
	rte_delay_us_sleep(100000);
	drain(run->from);
}

/* ---- the loop ---- */

static struct {
	uint64_t sent, received, bytes, bursts, refused, wrong, foreign;
} count;
static const char *first_wrong;
static const uint8_t *next_head, *heads_end;
static unsigned to_sample;
static bool measuring;
static double ns_per_tick;

static inline __attribute__((always_inline)) void fill(struct rte_mbuf **m, unsigned n, const unsigned bytes)
{
	for (unsigned k = 0; k < n; k++) {
		uint16_t length;
		for (unsigned line = 0; line < bytes; line += LINE)
			rte_prefetch0(next_head + PREFETCH_AHEAD * bytes + line);
		memcpy(rte_pktmbuf_mtod(m[k], uint8_t *), next_head, bytes);
		memcpy(&length, next_head + bytes - 2, 2);
		m[k]->pkt_len = length;
		m[k]->data_len = length;
		next_head += bytes;
		if (next_head == heads_end)
			next_head = heads;
	}
}

static inline void stamp(struct rte_mbuf **m, unsigned n, uint64_t now)
{
	for (unsigned k = 0; k < n; k++)
		memcpy(rte_pktmbuf_mtod_offset(m[k], uint8_t *, stamp_at), &now, 8);
}

static struct rte_mbuf *waiting[TX_BURST];
static unsigned waiting_count;

/* Offers up to `wanted` frames, those first that were refused before; returns how many were taken. */
static inline unsigned offer(unsigned wanted, uint64_t now)
{
	if (waiting_count < wanted) {
		const unsigned more = wanted - waiting_count;
		if (rte_pktmbuf_alloc_bulk(sent_pool, waiting + waiting_count, more) == 0) {
			if (lines == 1)
				fill(waiting + waiting_count, more, LINE);
			else
				fill(waiting + waiting_count, more, 2 * LINE);
			waiting_count = wanted;
		}
	}
	wanted = RTE_MIN(wanted, waiting_count);
	stamp(waiting, wanted, now);
	const unsigned taken = rte_eth_tx_burst(run->from, 0, waiting, wanted);
	count.sent += taken;
	count.bursts++;
	count.refused += taken < wanted;
	waiting_count -= taken;
	if (taken && waiting_count)
		memmove(waiting, waiting + taken, waiting_count * sizeof *waiting);
	return taken;
}

static void examine(struct rte_mbuf *m)
{
	const uint8_t *p = rte_pktmbuf_mtod(m, const uint8_t *);
	const char *why = m->nb_segs != 1 ? "several buffers" : wrong(p, m->pkt_len);
	if (why == NULL) {
		uint64_t sent_at;
		memcpy(&sent_at, p + run->outer_received + INNER_HEADERS + MARK_BYTES, 8);
		if (measuring)
			note_latency((rte_rdtsc() - sent_at) * ns_per_tick);
	} else if (is_foreign(p)) {
		count.foreign++;
	} else {
		if (count.wrong++ == 0)
			first_wrong = why;
	}
}

static inline unsigned receive(void)
{
	struct rte_mbuf *m[RX_BURST];
	const unsigned n = rte_eth_rx_burst(run->to, 0, m, RX_BURST);
	if (n == 0)
		return 0;
	uint64_t bytes = 0;
	unsigned segments = 0;
	for (unsigned k = 0; k < n; k++) {
		bytes += m[k]->pkt_len;
		segments += m[k]->nb_segs;
	}
	for (unsigned k = to_sample; k < n; k += sample)
		examine(m[k]);
	to_sample = to_sample >= n ? to_sample - n : (sample - (n - to_sample) % sample) % sample;
	count.bytes += bytes;
	count.received += n;
	if (segments == n)
		rte_mempool_put_bulk(received_pool, (void **)m, n);
	else
		rte_pktmbuf_free_bulk(m, n);
	return n;
}

static double windows[MAX_WINDOWS];
static unsigned window_count;
static double measured_seconds;

static void loop(void)
{
	const double hz = rte_get_tsc_hz();
	const uint64_t start = rte_rdtsc() + (uint64_t)(warmup * hz), end = start + (uint64_t)(seconds * hz);
	uint64_t window_start = 0, window_received = 0, began = 0, paced_since = rte_rdtsc(), paced = 0, due_at = 0;
	unsigned turns = 0;
	ns_per_tick = 1e9 / hz;
	while (!stopped) {
		const uint64_t now = rte_rdtsc();
		if (unlikely(!measuring && now >= start)) {
			memset(&count, 0, sizeof count);
			puts("measuring");
			fflush(stdout);
			measuring = true;
			began = window_start = paced_since = now;
			paced = 0;
		}
		if (unlikely(measuring && now - window_start >= hz / 10)) {
			if (window_count < MAX_WINDOWS)
				windows[window_count++] = (count.received - window_received) * hz / (now - window_start) / 1e6;
			window_start = now;
			window_received = count.received;
		}
		if (unlikely(now >= end))
			break;
		if (gap_max > 0) {
			if (now >= due_at && offer(1, rte_rdtsc()))
				due_at = now + (gap_min + (gap_max - gap_min) * drand48()) * hz / 1e3;
		} else if (rate > 0) {
			const uint64_t due = (now - paced_since) * (rate / hz);
			if (due > paced + 4096) /* it was held up itself: what it missed is not made up for */
				paced = due - 4096;
			if (due > paced)
				paced += offer(RTE_MIN(due - paced, (uint64_t)TX_BURST), now);
		} else {
			offer(TX_BURST, now);
		}
		if (receive() == RX_BURST)
			receive();
		if (unlikely((++turns & 63) == 0))
			count.foreign += drain(run->from);
	}
	const uint64_t stop = rte_rdtsc();
	measured_seconds = (stop - began) / hz;
}

static void report(void)
{
	const double mpps = count.received / measured_seconds / 1e6, bits = count.bytes * 8 / measured_seconds;
	const uint64_t in_time = count.received;
	const uint64_t quiet = rte_rdtsc() + rte_get_tsc_hz() / 5;
	measuring = false;
	while (rte_rdtsc() < quiet)
		receive();
	/* What was on its way when the measurement began is in one count only, hence the 0. */
	const double lost = count.sent > count.received ? (double)(count.sent - count.received) / count.sent : 0;
	printf("{\"scenario\":\"%s\",\"size\":\"", run->name);
	if (size)
		printf("%u", size);
	else
		printf("imix");
	printf("\",\"flows\":%u,\"macs\":%u,\"rate\":%.0f,\"seconds\":%.3f,\"mpps\":%.4f,\"sent_mpps\":%.4f,\"gbps\":%.3f,"
	       "\"received\":%" PRIu64 ",\"refused\":%.4f,\"lost\":%.6f,\"wrong\":%" PRIu64 ",\"why\":\"%s\",\"foreign\":%" PRIu64
	       ",\"latency_us\":{\"p50\":%.2f,\"p99\":%.2f,\"p999\":%.2f,\"max\":%.2f,\"frames\":%" PRIu64 "},\"windows\":[",
	       flows, macs, rate, measured_seconds, mpps, count.sent / measured_seconds / 1e6, bits / 1e9, in_time,
	       count.bursts ? (double)count.refused / count.bursts : 0, lost, count.wrong, first_wrong ? first_wrong : "",
	       count.foreign, percentile_us(.5), percentile_us(.99), percentile_us(.999), slowest / 1e3, histogram_count);
	for (unsigned i = 0; i < window_count; i++)
		printf("%s%.3f", i ? "," : "", windows[i]);
	puts("]}");
	fflush(stdout);
}

static double number(const char *text, double low, double high)
{
	char *rest;
	const double v = strtod(text, &rest);
	if (*rest || !(v >= low) || !(v <= high))
		usage();
	return v;
}

static void read_options(int argc, char **argv)
{
	static const struct option options[] = {
		{ "scenario", 1, 0, 'n' }, { "size", 1, 0, 's' }, { "flows", 1, 0, 'f' }, { "macs", 1, 0, 'm' }, { "rate", 1, 0, 'r' },
		{ "gap", 1, 0, 'g' }, { "seconds", 1, 0, 't' }, { "warmup", 1, 0, 'w' }, { "check", 1, 0, 'c' },
		{ "queue-size", 1, 0, 'q' }, { 0, 0, 0, 0 },
	};
	int o;
	while ((o = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (o) {
		case 'n':
			for (unsigned i = 0; i < RTE_DIM(SCENARIOS); i++)
				if (strcmp(SCENARIOS[i].name, optarg) == 0)
					run = &SCENARIOS[i];
			break;
		case 's': size = strcmp(optarg, "imix") ? number(optarg, 64, 1518) : 0; break;
		case 'f': flows = number(optarg, 1, 10000000); break;
		case 'm': macs = number(optarg, 1, 65536); break;
		case 'r': rate = number(optarg, 0, 100000000); break;
		case 'g':
			if (sscanf(optarg, "%lf,%lf", &gap_min, &gap_max) != 2 || gap_min < 0 || gap_max < gap_min)
				usage();
			break;
		case 't': seconds = number(optarg, 0.05, 3600); break;
		case 'w': warmup = number(optarg, 0, 3600); break;
		case 'c': sample = number(optarg, 1, 1000000); break;
		case 'q': queue_size = number(optarg, 64, 32768); break;
		default: usage();
		}
	}
	if (run == NULL || optind < argc)
		usage();
	if (sample == 0)
		sample = rate > 0 || gap_max > 0 ? 1 : 32;
}

int main(int argc, char **argv)
{
	const int eal = rte_eal_init(argc, argv);
	if (eal < 0)
		return 1;
	read_options(argc - eal, argv + eal);
	if (rte_eth_dev_count_avail() != 2)
		fail("two --vdev=net_virtio_user.. are needed");
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	build();
	next_head = heads;
	heads_end = heads + (size_t)head_count * lines * LINE;
	open_devices();
	await_switch();
	if (run->learns)
		introduce();
	loop();
	report();
	/* The devices' own end would wait for the switch's answers. */
	_exit(count.received == 0 || count.wrong ? 1 : 0);
}

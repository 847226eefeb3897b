/*
 * wake CPU CPU [TIMES] - what the machine itself takes to wake a thread that sleeps in epoll on the first CPU, when one on
 * the second writes to its eventfd after 20 to 50 ms of quiet: percentiles in us, one line of JSON.
 *
 * The floor under any switch's first frame after idleness.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

static int doorbell;
static _Alignas(128) _Atomic int64_t woken;

static int64_t now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void pin(int cpu)
{
	cpu_set_t set;
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof set, &set)) {
		perror("wake: sched_setaffinity");
		exit(1);
	}
}

static void *sleeper(void *cpu)
{
	struct epoll_event event = { .events = EPOLLIN };
	uint64_t value;
	const int epoll = epoll_create1(0);
	pin(*(int *)cpu);
	if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, doorbell, &event))
		exit(1);
	for (;;) {
		if (epoll_wait(epoll, &event, 1, -1) == 1) {
			atomic_store(&woken, now());
			if (read(doorbell, &value, sizeof value) < 0)
				exit(1);
		}
	}
	return NULL;
}

static int ascending(const void *a, const void *b)
{
	return (*(const int64_t *)a > *(const int64_t *)b) - (*(const int64_t *)a < *(const int64_t *)b);
}

int main(int argc, char **argv)
{
	const int times = argc > 3 ? atoi(argv[3]) : 1000;
	const uint64_t one = 1;
	pthread_t thread;
	if (argc < 3 || times < 1) {
		fputs("usage: wake CPU CPU [TIMES]\n", stderr);
		return 2;
	}
	int64_t *took = calloc(times, sizeof *took);
	int cpu = atoi(argv[1]);
	pin(atoi(argv[2]));
	doorbell = eventfd(0, EFD_NONBLOCK);
	if (took == NULL || doorbell < 0 || pthread_create(&thread, NULL, sleeper, &cpu))
		return 1;
	for (int i = 0; i < times; i++) {
		/* Awake itself, as a guest that has just been computing. */
		const int64_t until = now() + 20000000 + (int64_t)(drand48() * 30e6);
		while (now() < until)
			;
		atomic_store(&woken, 0);
		const int64_t start = now();
		if (write(doorbell, &one, sizeof one) < 0)
			return 1;
		while (atomic_load(&woken) == 0)
			;
		took[i] = atomic_load(&woken) - start;
	}
	qsort(took, times, sizeof *took, ascending);
	printf("{\"times\":%d,\"p50_us\":%.1f,\"p99_us\":%.1f,\"p999_us\":%.1f,\"max_us\":%.1f}\n", times, took[times / 2] / 1e3,
	       took[times * 99 / 100] / 1e3, took[(int)(times * .999)] / 1e3, took[times - 1] / 1e3);
	return 0;
}

/*
 * pingpong CPU CPU - nanoseconds that a cache line takes to the other CPU and back, on standard output.
 *
 * A virtual machine's CPUs may share a cache at one moment and not at the next, and every switch is several times faster
 * in the first case: what was measured in different places is not compared. Many short volleys, of which the lower
 * quartile counts: others may want the CPUs too.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { VOLLEYS = 64, TRIPS = 1000 };

static struct {
	_Alignas(256) atomic_uint ball;
	_Alignas(256) atomic_uint over;
} shared;

static void pin(int cpu)
{
	cpu_set_t set;
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof set, &set)) {
		perror("pingpong: sched_setaffinity");
		exit(1);
	}
}

static void *opponent(void *cpu)
{
	pin(*(int *)cpu);
	while (!atomic_load_explicit(&shared.over, memory_order_relaxed)) {
		const unsigned ball = atomic_load_explicit(&shared.ball, memory_order_acquire);
		if (ball & 1)
			atomic_store_explicit(&shared.ball, ball + 1, memory_order_release);
	}
	return NULL;
}

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

static int ascending(const void *a, const void *b)
{
	return (*(const double *)a > *(const double *)b) - (*(const double *)a < *(const double *)b);
}

int main(int argc, char **argv)
{
	double trip[VOLLEYS];
	pthread_t thread;
	int other;
	if (argc != 3) {
		fputs("usage: pingpong CPU CPU\n", stderr);
		return 2;
	}
	other = atoi(argv[2]);
	pin(atoi(argv[1]));
	if (pthread_create(&thread, NULL, opponent, &other)) {
		fputs("pingpong: no thread\n", stderr);
		return 1;
	}
	unsigned ball = 0;
	for (int v = 0; v < VOLLEYS; v++) {
		const double start = now();
		for (int t = 0; t < TRIPS; t++) {
			atomic_store_explicit(&shared.ball, ball + 1, memory_order_release);
			ball += 2;
			while (atomic_load_explicit(&shared.ball, memory_order_acquire) != ball)
				;
		}
		trip[v] = (now() - start) / TRIPS;
	}
	atomic_store(&shared.over, 1);
	pthread_join(thread, NULL);
	qsort(trip, VOLLEYS, sizeof *trip, ascending);
	printf("%.0f\n", trip[VOLLEYS / 4]);
	return 0;
}

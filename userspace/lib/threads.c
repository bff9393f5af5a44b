// SPDX-License-Identifier: GPL-2.0-only
/*
 * A scan by many threads.
 *
 * The file is cut into windows.  The threads take them in order, and leave what
 * they find in slots, of which there are a few more than threads; the calling
 * thread empties the slots in order, and so gives out the same as if it had been
 * alone.  When the next in order is not filled yet, it scans a window as the
 * workers do, instead of waiting.  A window whose output does not fit its slot
 * comes in parts: before each but the first its worker waits until the calling thread
 * has taken the one before.
 *
 * How many lines a window may select is known only when those before it are
 * done.  If a part would reach the limit, the calling thread discards it and scans
 * that window again, by itself, and the scan ends there.
 *
 * Only the calling thread calls back, and gets signals.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "error.h"
#include "scan.h"

/* The longest window, in units of KSIFT_SCAN_WINDOW, where only counts are wanted. */
#define WINDOWS_MAX 16

/* More threads would only wait for memory. */
#define THREADS_MAX 64u

/* Bytes of text in all slots together, and in each at most and at least. */
#define TEXT_ALL (2u << 20)
#define TEXT_MAX (256u << 10)
#define TEXT_MIN (32u << 10)

/* How long to wait for the workers before the caller's callback is called. */
#define ASK_NSEC 20000000

enum slot_state {
	SLOT_FREE,
	SLOT_BUSY,	/* the thread's that scans it */
	SLOT_PART,	/* the calling thread's, and there is more */
	SLOT_LAST,	/* the calling thread's */
};

/**
 * struct slot - A window that is being scanned
 * @state: Who may use the rest; under the pool's lock
 * @own: The calling thread scans the window
 * @before: The last run as it began
 * @run: That run as it ended
 * @lines: Its arguments and results
 * @buf: Its output
 * @ret: Its return value
 * @err: Why it failed
 */
struct slot {
	enum slot_state state;
	bool own;
	struct ksift_run before;
	struct ksift_run run;
	struct ksift_lines lines;
	struct scan_buf buf;
	int ret;
	struct ksift_error err;
};

/**
 * struct pool - The workers
 * @scan: The scan, which workers only read
 * @ctx: The workers' context
 * @fd: The file
 * @from: Offset of the first window
 * @window: Bytes of each
 * @count: How many windows there are
 * @slots: @slot_count of them; a window has that of its number modulo @slot_count
 * @slot_count: How many
 * @threads: @thread_count of them
 * @thread_count: How many
 * @lock: Protects what follows
 * @work: A slot was taken, or @stop set
 * @done: A slot was filled
 * @next: Number of the window to be scanned next
 * @head: Number of the window to be given out next
 * @left: Lines that that window may still select
 * @stop: The workers have to end
 */
struct pool {
	struct scan *scan;
	struct ksift_ctx *ctx;
	int fd;
	uint64_t from;
	uint64_t window;
	uint64_t count;
	struct slot *slots;
	unsigned int slot_count;
	pthread_t threads[THREADS_MAX];
	unsigned int thread_count;

	pthread_mutex_t lock;
	pthread_cond_t work;
	pthread_cond_t done;
	uint64_t next;
	uint64_t head;
	uint64_t left;
	bool stop;
};

/* The callback of the workers' context, instead of the caller's. */
static int worker_stop(void *arg)
{
	struct pool *pool = arg;
	bool stop;

	pthread_mutex_lock(&pool->lock);
	stop = pool->stop;
	pthread_mutex_unlock(&pool->lock);
	return stop ? -ECANCELED : 0;
}

static struct ksift_run window_run(const struct pool *pool, uint64_t number)
{
	struct ksift_run run = {
		.size = sizeof(run),
		.source = KSIFT_SOURCE_FILE,
		.source_fd = pool->fd,
		.flags = ksift_scan_run_flags(pool->scan),
		.from = pool->from + number * pool->window,
		.to = pool->scan->opts.to,
	};

	/* The last window takes in what is appended meanwhile. */
	if (number < pool->count - 1)
		run.to = run.from + pool->window;
	return run;
}

/* Is there a window to take, and a slot for it?  With the lock held. */
static bool may_take(const struct pool *pool)
{
	return pool->next < pool->count && pool->next - pool->head < pool->slot_count;
}

/* Take the next window and its slot.  With the lock held, and may_take(). */
static struct slot *take_window(struct pool *pool, bool own)
{
	struct slot *slot = &pool->slots[pool->next % pool->slot_count];

	slot->state = SLOT_BUSY;
	slot->own = own;
	slot->run = window_run(pool, pool->next);
	pool->next++;
	return slot;
}

/* Scan as much of a window as fits its slot.  Called and left with the lock held. */
static void scan_part(struct pool *pool, struct slot *slot)
{
	struct ksift_ctx *ctx = slot->own ? pool->scan->ctx : pool->ctx;
	uint64_t left = pool->left;

	pthread_mutex_unlock(&pool->lock);
	slot->before = slot->run;
	ksift_scan_ask(pool->scan, &slot->lines, &slot->buf, left);
	slot->ret = ksift_lines_run(ctx, pool->scan->matcher, &slot->run, &slot->lines,
				    &slot->err);
	pthread_mutex_lock(&pool->lock);
	slot->state = slot->ret || (slot->run.resume.flags & KSIFT_RESUME_DONE) ?
		SLOT_LAST : SLOT_PART;
}

static void *worker(void *arg)
{
	struct pool *pool = arg;
	struct slot *slot;

	pthread_mutex_lock(&pool->lock);
	while (!pool->stop && pool->next < pool->count) {
		if (!may_take(pool)) {
			pthread_cond_wait(&pool->work, &pool->lock);
			continue;
		}
		slot = take_window(pool, false);
		while (slot->state == SLOT_BUSY && !pool->stop) {
			scan_part(pool, slot);
			pthread_cond_signal(&pool->done);
			while (slot->state == SLOT_PART && !pool->stop)
				pthread_cond_wait(&pool->work, &pool->lock);
		}
	}
	pthread_mutex_unlock(&pool->lock);
	return NULL;
}

/* Wait for a slot to be filled.  1: too long, the caller has to be asked. */
static int wait_done(struct pool *pool)
{
	struct timespec until;

	if (!ksift_ctx_asks(pool->scan->ctx)) {
		pthread_cond_wait(&pool->done, &pool->lock);
		return 0;
	}
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += ASK_NSEC;
	if (until.tv_nsec >= 1000000000) {
		until.tv_nsec -= 1000000000;
		until.tv_sec++;
	}
	return pthread_cond_timedwait(&pool->done, &pool->lock, &until) == ETIMEDOUT;
}

/* Wait for the next part in the file's order, which is the calling thread's then. */
static int next_part(struct pool *pool, struct slot **part)
{
	struct scan *s = pool->scan;
	struct slot *slot = &pool->slots[pool->head % pool->slot_count];
	int ret = 0;

	pthread_mutex_lock(&pool->lock);
	while (!ret && slot->state < SLOT_PART) {
		if (slot->own && slot->state == SLOT_BUSY)
			scan_part(pool, slot);
		else if (may_take(pool))
			scan_part(pool, take_window(pool, true));
		else if (!wait_done(pool))
			continue;
		pthread_mutex_unlock(&pool->lock);
		ret = ksift_ctx_interrupted(s->ctx, s->err);
		pthread_mutex_lock(&pool->lock);
	}
	pthread_mutex_unlock(&pool->lock);
	*part = slot;
	return ret;
}

static void give_back(struct pool *pool, struct slot *slot)
{
	pthread_mutex_lock(&pool->lock);
	pool->left = pool->scan->left;
	if (slot->state == SLOT_LAST) {
		slot->state = SLOT_FREE;
		pool->head++;
	} else {
		slot->state = SLOT_BUSY;
	}
	pthread_cond_broadcast(&pool->work);
	pthread_mutex_unlock(&pool->lock);
}

/* Deliver the parts, in the file's order.  Returns as ksift_scan_threads(). */
static int give_out(struct pool *pool, uint64_t *from)
{
	struct scan *s = pool->scan;
	struct slot *slot;
	int ret;

	while (pool->head < pool->count) {
		ret = next_part(pool, &slot);
		if (ret)
			return ret;
		if (slot->ret)
			return ksift_error_set(s->err, slot->ret, "%s", slot->err.text);
		if (s->left != UINT64_MAX && slot->lines.out_selected >= s->left) {
			*from = slot->before.to;
			ret = ksift_scan_range(s, &slot->before, 0);
			if (ret || ksift_scan_ended(&slot->before) ||
			    (s->res.flags & KSIFT_SCAN_LIMITED))
				return ret;
			return pool->head < pool->count - 1;
		}
		ret = ksift_scan_take(s, &slot->run, &slot->lines, 0);
		if (!ret)
			ret = ksift_ctx_interrupted(s->ctx, s->err);
		if (ret || ksift_scan_ended(&slot->run))
			return ret;
		give_back(pool, slot);
	}
	return 0;
}

/* Start up to @count workers, with signals blocked: the calling thread gets them. */
static void start_workers(struct pool *pool, unsigned int count)
{
	sigset_t all, old;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	while (pool->thread_count < count &&
	       !pthread_create(&pool->threads[pool->thread_count], NULL, worker, pool))
		pool->thread_count++;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}

static void stop_workers(struct pool *pool)
{
	unsigned int i;

	pthread_mutex_lock(&pool->lock);
	pool->stop = true;
	pthread_cond_broadcast(&pool->work);
	pthread_mutex_unlock(&pool->lock);
	for (i = 0; i < pool->thread_count; i++)
		pthread_join(pool->threads[i], NULL);
}

static int alloc_slots(struct pool *pool, unsigned int count)
{
	size_t cap = TEXT_ALL / count;
	unsigned int i;
	int ret = 0;

	if (cap > TEXT_MAX)
		cap = TEXT_MAX;
	if (cap < TEXT_MIN)
		cap = TEXT_MIN;
	pool->slots = calloc(count, sizeof(*pool->slots));
	if (!pool->slots)
		return -ENOMEM;
	pool->slot_count = count;
	/* As many records as lines of 64 bytes fill the text with. */
	for (i = 0; i < count && !ret; i++)
		ret = ksift_scan_alloc(pool->scan, &pool->slots[i].buf, cap, cap / 64);
	return ret;
}

static void free_slots(struct pool *pool)
{
	unsigned int i;

	for (i = 0; i < pool->slot_count; i++)
		ksift_scan_free(&pool->slots[i].buf);
	free(pool->slots);
}

/*
 * Where only counts are wanted a window may be larger, as long as each thread gets
 * several: each is a call of the kernel.
 */
static uint64_t window_size(const struct scan *s, uint64_t len, unsigned int threads)
{
	uint64_t windows = len / KSIFT_SCAN_WINDOW / threads / 4;

	if (s->opts.flags & (KSIFT_SCAN_TEXT | KSIFT_SCAN_RECORDS) || !windows)
		windows = 1;
	return KSIFT_SCAN_WINDOW * (windows < WINDOWS_MAX ? windows : WINDOWS_MAX);
}

int ksift_scan_threads(struct scan *s, int fd, uint64_t *from, uint64_t size)
{
	uint64_t end = size < s->opts.to ? size : s->opts.to;
	struct pool pool = {
		.scan = s,
		.fd = fd,
		.from = *from,
		.left = s->left,
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.work = PTHREAD_COND_INITIALIZER,
		.done = PTHREAD_COND_INITIALIZER,
	};
	unsigned int threads = s->opts.threads < THREADS_MAX ? s->opts.threads : THREADS_MAX;
	int ret = 1;

	pool.window = window_size(s, end - *from, threads);
	pool.count = (end - *from + pool.window - 1) / pool.window;
	if (threads > pool.count)
		threads = pool.count;
	pool.ctx = ksift_ctx_clone(s->ctx, worker_stop, &pool);
	/* Where there is no memory for more than one thread, one will do. */
	if (pool.ctx && !alloc_slots(&pool, 2 * threads)) {
		start_workers(&pool, threads - 1);
		if (pool.thread_count)
			ret = give_out(&pool, from);
		stop_workers(&pool);
	}
	free_slots(&pool);
	free(pool.ctx);
	return ret;
}

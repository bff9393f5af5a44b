/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A fanotify listener that decides about every access to one file, in a thread
 * of the test's own.  It shows that RUN asks before it uses a byte, and stops RUN at
 * a known point: until it answers.
 *
 * On newer kernels a file that was opened before anybody listened raises no
 * permission events: open the file that is to be scanned after listener_start().
 */
#ifndef KSIFT_LISTENER_H
#define KSIFT_LISTENER_H

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <sys/fanotify.h>

#include "test_util.h"

/* The headers of some systems are older than these. */
#ifndef FAN_PRE_ACCESS
#define FAN_PRE_ACCESS 0x00100000
#endif
#define LISTENER_INFO_RANGE 6

/* struct fanotify_event_info_range */
struct listener_range {
	__u8 info_type;
	__u8 pad1;
	__u16 len;
	__u32 pad2;
	__u64 offset;
	__u64 count;
};

/**
 * struct listener - A listener and its thread
 * @answer: Is the access allowed?  Runs in the thread, with the event's own
 *	descriptor, and may do anything before it returns.  NULL: see @allow.
 * @ctx: For @answer
 * @allow: How many accesses to allow from now on, before all are denied
 * @asked: How many accesses there were
 * @opens: How often the file was opened, which is always allowed
 * @broken: The errno of a failure of the listener itself
 */
struct listener {
	bool (*answer)(struct listener *l,
		       const struct fanotify_event_metadata *event);
	void *ctx;
	atomic_long allow;
	atomic_long asked;
	atomic_long opens;
	atomic_int broken;

	int fan;
	int stop;
	pthread_t thread;
};

static inline bool listener_decide(struct listener *l,
				   const struct fanotify_event_metadata *event)
{
	if (event->mask & FAN_OPEN_PERM) {
		atomic_fetch_add(&l->opens, 1);
		return true;
	}
	atomic_fetch_add(&l->asked, 1);
	if (l->answer)
		return l->answer(l, event);
	return atomic_load(&l->allow) > 0 &&
	       atomic_fetch_sub(&l->allow, 1) > 0;
}

static inline void *listener_loop(void *arg)
{
	struct listener *l = arg;
	struct pollfd fds[2] = {
		{ .fd = l->fan, .events = POLLIN },
		{ .fd = l->stop, .events = POLLIN },
	};
	char buf[4096] __attribute__((aligned(8)));

	for (;;) {
		const struct fanotify_event_metadata *event;
		ssize_t len;

		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			break;
		if (fds[1].revents)
			return NULL;
		if (!fds[0].revents)
			continue;
		len = read(l->fan, buf, sizeof(buf));
		if (len < 0)
			break;
		for (event = (void *)buf; FAN_EVENT_OK(event, len);
		     event = FAN_EVENT_NEXT(event, len)) {
			struct fanotify_response response = {
				.fd = event->fd,
			};

			response.response = listener_decide(l, event) ?
					    FAN_ALLOW : FAN_DENY;
			if (write(l->fan, &response, sizeof(response)) !=
			    sizeof(response))
				atomic_store(&l->broken, errno);
			close(event->fd);
		}
	}
	atomic_store(&l->broken, errno);
	return NULL;
}

/*
 * Listen for the events of @mask on the file at @path.  @l is zero but for @answer,
 * @ctx and @allow.  Returns NULL, or why this kernel cannot.
 */
static inline const char *listener_start(struct listener *l, unsigned int class,
					 __u64 mask, const char *path)
{
	static char why[128];

	l->fan = fanotify_init(class | FAN_CLOEXEC,
			       O_RDONLY | O_LARGEFILE | O_CLOEXEC);
	if (l->fan < 0) {
		snprintf(why, sizeof(why), "no fanotify: %s", strerror(errno));
		return why;
	}
	if (fanotify_mark(l->fan, FAN_MARK_ADD, mask, AT_FDCWD, path)) {
		snprintf(why, sizeof(why), "no fanotify events %#llx here: %s",
			 (unsigned long long)mask, strerror(errno));
		close(l->fan);
		return why;
	}
	l->stop = eventfd(0, EFD_CLOEXEC);
	if (l->stop < 0 || pthread_create(&l->thread, NULL, listener_loop, l)) {
		close(l->stop);
		close(l->fan);
		return "no thread for a listener";
	}
	return NULL;
}

/* End the thread: with no listener left, every access is allowed. */
static inline void listener_end(struct listener *l)
{
	const __u64 one = 1;

	if (write(l->stop, &one, sizeof(one)) != sizeof(one))
		atomic_store(&l->broken, errno);
	pthread_join(l->thread, NULL);
	close(l->stop);
	close(l->fan);
}

#endif /* KSIFT_LISTENER_H */

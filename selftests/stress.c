// SPDX-License-Identifier: GPL-2.0-only
/*
 * Many callers at once, and callers that are disturbed: signals at random
 * moments end a call early, with what was done, or with EINTR and nothing
 * done; and whoever goes on where it stopped gets what the whole gives.
 */
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <time.h>

#include "lines_oracle.h"

#define KIB 1024UL
#define MIB (1024UL * KIB)

static unsigned char *text;
static size_t text_len;
static struct ofilter filter_of_text;
static struct oracle oracle_of_text;

/* Log-like lines and a filter of which the scan of them takes a while. */
static void make_text(size_t size)
{
	struct rng rng;

	rng_init(&rng, 51);
	text = xmalloc(size + 256);
	while (text_len < size) {
		text_len += sprintf((char *)text + text_len,
				    "%08zx %s some text, number %llu %s\n",
				    text_len, rng_below(&rng, 4) ? "INFO" :
				    "ERROR", rng_below(&rng, 100000),
				    rng_below(&rng, 3) ? "abcabcabd" :
				    "abcabcabc");
	}
	ofilter_adds(&filter_of_text, "error", KSIFT_PATTERN_FOLD, 0);
	ofilter_adds(&filter_of_text, "abcabcabc", 0, 1);
	ofilter_adds(&filter_of_text, "number 77", KSIFT_PATTERN_EXCLUDE, 0);
	oracle_init(&oracle_of_text, &filter_of_text, text, text_len);
}

FIXTURE(stress)
{
	int dev;
	int fd;
	int filter;
};

FIXTURE_SETUP(stress)
{
	self->fd = -1;
	self->filter = -1;
	self->dev = ksift_open();
	make_text(ksift_full() ? 8 * MIB : 2 * MIB);
	self->fd = tmp_file_with(text, text_len);
	ASSERT_LE(0, self->fd);
	self->filter = ofilter_open(self->dev, &filter_of_text);
	ASSERT_LE(0, self->filter);
	ASSERT_LT(1000, oracle_selected(&oracle_of_text));
}

FIXTURE_TEARDOWN(stress)
{
	close(self->filter);
	close(self->fd);
	close(self->dev);
}

#define THREADS 8

struct thread {
	pthread_t id;
	int dev;
	int fd;
	int filter;
	unsigned int no;
	unsigned int rounds;
	int ret;
	struct job j;
};

static void *run_thread(void *arg)
{
	struct thread *t = arg;
	struct rng rng;
	unsigned int i;
	__u32 v;

	rng_init(&rng, 60 + t->no);
	for (i = 0; i < t->rounds && !t->ret; i++) {
		__u64 from = rng_below(&rng, text_len),
		      len = rng_below(&rng, 256 * KIB);

		for_each_variant(t->dev, v) {
			job_init(&t->j, t->dev, t->filter, v);
			if (rng_below(&rng, 2))
				job_mem(&t->j, text, text_len);
			else
				job_file(&t->j, t->fd);
			t->j.from = from;
			t->j.to = from + len;
			if (rng_below(&rng, 2))
				t->j.text_cap = 1 + rng_below(&rng, 60000);
			if (rng_below(&rng, 2))
				t->j.records_cap = 1 + rng_below(&rng, 2000);
			t->ret = job_run_check(&t->j, &oracle_of_text);
			if (t->ret)
				break;
			job_free(&t->j);
		}
	}
	return NULL;
}

/* One filter, one file, one device; each thread its own ranges. */
TEST_F(stress, eight_threads)
{
	static struct thread threads[THREADS];
	unsigned int i;

	for (i = 0; i < THREADS; i++) {
		struct thread *t = &threads[i];

		t->dev = self->dev;
		t->fd = self->fd;
		t->filter = self->filter;
		t->no = i;
		t->rounds = ksift_rounds(40, 500);
		ASSERT_EQ(0, pthread_create(&t->id, NULL, run_thread, t));
	}
	for (i = 0; i < THREADS; i++) {
		pthread_join(threads[i].id, NULL);
		EXPECT_EQ(0, threads[i].ret) JOB_LOG(&threads[i].j);
	}
}

/* Threads that open and close what the others use at that moment. */
struct churn {
	int dev;
	int filter;
	volatile bool stop;
	volatile bool failed;
	volatile unsigned long times;
};

static void *churn_filters(void *arg)
{
	struct churn *c = arg;

	while (!c->stop) {
		int fd = ofilter_open(c->dev, &filter_of_text);

		if (fd < 0 || dup2(fd, c->filter) < 0) {
			c->failed = true;
			break;
		}
		close(fd);
		c->times++;
	}
	return NULL;
}

TEST_F(stress, filter_replaced)
{
	struct churn c = { .dev = self->dev };
	unsigned int i, rounds = ksift_rounds(30, 300);
	pthread_t id;
	struct job j;

	c.filter = dup(self->filter);
	ASSERT_LE(0, c.filter);
	ASSERT_EQ(0, pthread_create(&id, NULL, churn_filters, &c));
	job_init(&j, self->dev, c.filter, 0);
	job_file(&j, self->fd);
	j.records_cap = 500;
	/* Whichever of the two the scheduler favours, both get to @rounds. */
	for (i = 0; i < rounds || (c.times < rounds && !c.failed); i++) {
		job_reset(&j);
		EXPECT_JOB(&j, job_run_check(&j, &oracle_of_text));
	}
	c.stop = true;
	pthread_join(id, NULL);
	EXPECT_FALSE(c.failed);
	job_free(&j);
	close(c.filter);
}

static volatile sig_atomic_t alarms;

static void on_alarm(int sig)
{
	alarms++;
}

static void alarm_us(unsigned long first, unsigned long then)
{
	struct itimerval it = {
		.it_value = { .tv_sec = first / 1000000,
			      .tv_usec = first % 1000000 },
		.it_interval = { .tv_usec = then },
	};

	setitimer(ITIMER_REAL, &it, NULL);
}

static void catch_alarms(int flags)
{
	struct sigaction sa = { .sa_handler = on_alarm, .sa_flags = flags };

	sigaction(SIGALRM, &sa, NULL);
	alarms = 0;
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

/* Calls that have to end early in a test of that. */
#define EARLY 10

/* Alarms after a random time, again and again, until the job is done. */
TEST_F(stress, random_alarms)
{
	const unsigned long wanted = ksift_rounds(300, 5000);
	const double start = now(), limit = start + (ksift_full() ? 300 : 15);
	unsigned long jobs = 0, early = 0, eintrs = 0, total = 0;
	struct rng rng;
	struct job j;
	__u32 v;

	rng_init(&rng, 52);
	/* How many end early depends on how fast this is: until it was some. */
	while ((total < wanted && now() < limit) ||
	       (early <= EARLY && now() < start + 60)) {
		for_each_variant(self->dev, v) {
			bool mem = rng_below(&rng, 2);

			job_init(&j, self->dev, self->filter, v);
			if (mem)
				job_mem(&j, text, text_len);
			else
				job_file(&j, self->fd);
			j.signals = true;
			switch (rng_below(&rng, 3)) {
			case 0:
				j.text_cap = 1 + rng_below(&rng, text_len);
				j.records_cap = 1 + rng_below(&rng, 5000);
				break;
			case 1:
				j.text_cap = text_len;
				break;
			}
			/* What is restarted has done nothing. */
			catch_alarms(rng_below(&rng, 2) ? SA_RESTART : 0);
			do {
				__u64 before = j.eintrs;

				alarm_us(1 + rng_below(&rng,
						       rng_below(&rng, 4) ?
						       300 : 3000), 0);
				ASSERT_JOB(&j, job_call(&j));
				alarm_us(0, 0);
				if (j.eintrs == before && !j.done &&
				    j.lines.out_text != j.text_cap &&
				    j.lines.out_records != j.records_cap)
					early++;
				/* Or a signal each time starves it. */
				ASSERT_LT(j.calls, 1000000);
			} while (!j.done);
			ASSERT_JOB(&j, job_check(&j, &oracle_of_text));
			total += alarms;
			eintrs += j.eintrs;
			jobs++;
			job_free(&j);
		}
	}
	TH_LOG("%lu alarms in %lu jobs: %lu calls ended early, %lu with EINTR",
	       total, jobs, early, eintrs);
	/* Or nothing was shown. */
	EXPECT_LT(EARLY, early);
}

/* A filter that takes its time over text that is all 'a'. */
static void tiresome_filter(struct ofilter *f)
{
	static const char as[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab";
	unsigned int i;

	memset(f, 0, sizeof(*f));
	for (i = 0; i < 30; i++)
		ofilter_adds(f, as + i, i % 2 ? KSIFT_PATTERN_FOLD : 0, 0);
}

/*
 * EINTR means that nothing was done, and is said when nothing was: in a line
 * so long that the signal comes before its end.
 */
TEST_F(stress, eintr_in_a_long_line)
{
	const size_t most = 192 * MIB;
	struct ksift_run run, run_before;
	struct ksift_lines lines;
	unsigned char *as = xmalloc(most);
	unsigned int i, done;
	struct ofilter f;
	struct rng rng;
	int fd, filter;
	size_t n;
	__u32 v;

	rng_init(&rng, 53);
	fd = tmp_file();
	ASSERT_LE(0, fd);
	tiresome_filter(&f);
	filter = ofilter_open(self->dev, &f);
	ASSERT_LE(0, filter);
	catch_alarms(0);
	for_each_variant(self->dev, v) {
		double full = 0;

		/* Long against the ticks of a slow timer. */
		for (n = 2 * MIB; n < most && full < .08; n *= 2) {
			memset(as, 'a', n);
			run_init(&run, KSIFT_KERNEL_LINES, &lines);
			run_from_mem(&run, as, n);
			run.variant = v;
			lines_init(&lines, filter);
			full = -now();
			ASSERT_OK(run_lines(self->dev, &run, &lines));
			full += now();
		}
		n /= 2;
		ASSERT_EQ(0, file_set(fd, as, n));
		done = 0;
		for (i = 0; i < ksift_rounds(40, 1000); i++) {
			run_init(&run, KSIFT_KERNEL_LINES, &lines);
			if (i & 1)
				run_from_mem(&run, as, n);
			else
				run_from_file(&run, fd);
			run.variant = v;
			lines_init(&lines, filter);
			run.out_bytes = POISON_U64;
			run.out_walked = POISON_U64;
			run.out_variant = POISON_U32;
			run_before = run;
			alarm_us(1 + rng_below(&rng, full * 1e6 / 2), 0);
			if (!run_lines(self->dev, &run, &lines)) {
				/* The alarm was late, or came too early. */
				alarm_us(0, 0);
				ASSERT_TRUE(run.resume.flags &
					    KSIFT_RESUME_DONE);
				done++;
				continue;
			}
			ASSERT_EQ(EINTR, errno);
			alarm_us(0, 0);
			ASSERT_EQ(0, memcmp(&run, &run_before, sizeof(run)));
		}
		EXPECT_LT(done, i / 2) {
			TH_LOG("variant %u: %u of %u alarms did not end a call",
			       v, done, i);
		}
	}
	close(filter);
	close(fd);
	free(as);
}

/* The same under a handler that wants calls restarted: it is, from there. */
TEST_F(stress, restarted)
{
	const int rounds = ksift_rounds(200, 200);
	struct job j;
	__u32 v;
	int i;

	catch_alarms(SA_RESTART);
	for_each_variant(self->dev, v) {
		for (i = 0; i < rounds; i++) {
			job_init(&j, self->dev, self->filter, v);
			job_mem(&j, text, text_len);
			j.signals = true;
			j.records_cap = oracle_selected(&oracle_of_text) + 1;
			alarm_us(1 + i * 1400 / rounds, 0);
			EXPECT_JOB(&j, job_run_check(&j, &oracle_of_text));
			alarm_us(0, 0);
			job_free(&j);
		}
	}
}

/* And else: what was done is up to @pos, where a line begins. */
TEST_F(stress, early_end_is_exact)
{
	unsigned long early = 0, i;
	struct ksift_lines lines;
	struct ksift_run run;
	struct rng rng;

	rng_init(&rng, 56);
	catch_alarms(0);
	for (i = 0; i < ksift_rounds(400, 10000); i++) {
		struct oracle o = oracle_of_text;
		__u64 pos, selected = 0;
		size_t k;

		run_init(&run, KSIFT_KERNEL_LINES, &lines);
		run_from_mem(&run, text, text_len);
		lines_init(&lines, self->filter);
		lines.flags = KSIFT_LINES_TOTAL;
		alarm_us(1 + rng_below(&rng, 400), 0);
		if (run_lines(self->dev, &run, &lines)) {
			alarm_us(0, 0);
			ASSERT_EQ(EINTR, errno);
			continue;
		}
		alarm_us(0, 0);
		pos = run.resume.pos;
		early += !(run.resume.flags & KSIFT_RESUME_DONE);
		ASSERT_LT(0, lines.out_total);
		ASSERT_EQ(pos, lines.out_total_bytes);
		for (k = 0; k < o.n && o.l[k].off < pos; k++)
			selected += o.l[k].sel;
		ASSERT_EQ(pos, k < o.n ? o.l[k].off : text_len);
		ASSERT_EQ(k, lines.out_total);
		ASSERT_EQ(selected, lines.out_selected);
	}
	TH_LOG("%lu of %lu ended early", early, i);
	EXPECT_LT(0, early);
}

/* A blocked signal is nobody's business. */
TEST_F(stress, blocked_signal)
{
	sigset_t block, old;
	struct job j;
	__u32 v;

	catch_alarms(0);
	sigemptyset(&block);
	sigaddset(&block, SIGALRM);
	sigprocmask(SIG_BLOCK, &block, &old);
	kill(getpid(), SIGALRM);
	for_each_variant(self->dev, v) {
		job_init(&j, self->dev, self->filter, v);
		job_file(&j, self->fd);
		j.max_calls = 1;
		EXPECT_JOB(&j, job_run_check(&j, &oracle_of_text));
		job_free(&j);
	}
	EXPECT_EQ(0, alarms);
	sigprocmask(SIG_SETMASK, &old, NULL);
	EXPECT_EQ(1, alarms);
}

/* A timer that never rests does not keep a long scan from its end. */
TEST_F(stress, one_ms_timer)
{
	unsigned long round, rounds = ksift_rounds(6, 60);
	__u64 calls = 0;
	struct job j;
	__u32 v;

	catch_alarms(0);
	for (round = 0; round < rounds; round++) {
		for_each_variant(self->dev, v) {
			job_init(&j, self->dev, self->filter, v);
			if (round & 1)
				job_mem(&j, text, text_len);
			else
				job_file(&j, self->fd);
			j.signals = true;
			j.text_cap = text_len;
			alarm_us(1000, 1000);
			ASSERT_JOB(&j, job_run_check(&j, &oracle_of_text));
			alarm_us(0, 0);
			calls += j.calls;
			job_free(&j);
		}
	}
	TH_LOG("%llu calls, %d alarms", calls, (int)alarms);
	EXPECT_LT(0, alarms);
}

/*
 * A signal ends the call soon, however much there is to do: by the clock, a
 * small part of what the whole takes.
 */
TEST_F(stress, signal_latency)
{
	const size_t piece = 4 * MIB, most = 256 * MIB;
	unsigned char *p = xmalloc(piece);
	unsigned int i, k, late;
	int fd, filter;
	struct job j;
	size_t n, m;

	memset(p, 'a', piece);
	for (n = 999; n < piece; n += 1000)
		p[n] = '\n';
	catch_alarms(0);
	for (i = 0; i < 2; i++) {
		struct ofilter f = { 0 };
		double full = 0;

		/* Each byte may begin a match, of one pattern or of 30. */
		if (i)
			tiresome_filter(&f);
		else
			ofilter_adds(&f, "ab", 0, 0);
		filter = ofilter_open(self->dev, &f);
		ASSERT_LE(0, filter);
		fd = tmp_file();
		ASSERT_LE(0, fd);
		/* As much as it takes to be busy for a while. */
		for (n = 0, m = piece; full < .1; m *= 2) {
			ASSERT_LE(m, most) TH_LOG("%f s for %zu", full, n);
			for (; n < m; n += piece)
				ASSERT_EQ(0, write_all(fd, p, piece));
			job_init(&j, self->dev, filter, KSIFT_VARIANT_SCALAR);
			job_file(&j, fd);
			full = -now();
			ASSERT_JOB(&j, job_run(&j));
			full += now();
			job_free(&j);
		}
		for (late = 0, k = 0; k < 9; k++) {
			double t;

			job_init(&j, self->dev, filter, KSIFT_VARIANT_SCALAR);
			job_file(&j, fd);
			j.signals = true;
			alarm_us(5000, 0);
			t = -now();
			ASSERT_JOB(&j, job_call(&j));
			t += now();
			alarm_us(0, 0);
			EXPECT_FALSE(j.done);
			late += t > full / 2;
			job_free(&j);
		}
		/* Twice may be a neighbour's turn. */
		EXPECT_GE(2, late) {
			TH_LOG("filter %u: %u of 9 late, the whole takes %f s",
			       i, late, full);
		}
		close(fd);
		close(filter);
	}
	free(p);
}

/* Scans for ever; what it writes tells that it is at it. */
static void scan_for_ever(int dev, int fd, int filter, int tell)
{
	struct rng rng;
	struct job j;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	rng_init(&rng, getpid());
	job_init(&j, dev, filter, 0);
	if (write(tell, "x", 1) != 1)
		_exit(1);
	for (;;) {
		int own = -1;

		job_reset(&j);
		if (rng_below(&rng, 2))
			job_mem(&j, text, text_len);
		else
			job_file(&j, fd);
		j.text_cap = rng_below(&rng, 3) ? 0 :
			     1 + rng_below(&rng, text_len);
		j.records_cap = rng_below(&rng, 3) ? 0 :
				1 + rng_below(&rng, 3000);
		/* A filter and a device that go with the process. */
		if (!rng_below(&rng, 4)) {
			own = ofilter_open(dev, &filter_of_text);
			j.filter = own;
		} else {
			j.filter = filter;
		}
		if (job_run(&j))
			_exit(2);
		if (own >= 0)
			close(own);
	}
}

TEST_F(stress, killed)
{
	const unsigned long wanted = ksift_rounds(200, 1000);
	const double limit = now() + (ksift_full() ? 300 : 20);
	double worst = 0;
	unsigned long i;
	struct rng rng;
	struct job j;
	int fds[2];

	rng_init(&rng, 54);
	ASSERT_EQ(0, pipe2(fds, O_CLOEXEC));
	for (i = 0; i < wanted && now() < limit; i++) {
		int status;
		double t;
		pid_t pid;
		char c;

		pid = fork();
		ASSERT_LE(0, pid);
		if (!pid)
			scan_for_ever(self->dev, self->fd, self->filter,
				      fds[1]);
		ASSERT_EQ(1, read(fds[0], &c, 1));
		usleep(rng_below(&rng, 3000));
		ASSERT_EQ(0, kill(pid, SIGKILL));
		t = -now();
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
		t += now();
		ASSERT_TRUE(WIFSIGNALED(status)) {
			TH_LOG("exit %d", WEXITSTATUS(status));
		}
		ASSERT_EQ(SIGKILL, WTERMSIG(status));
		if (t > worst)
			worst = t;
	}
	TH_LOG("%lu killed, the slowest to die took %.1f ms", i, worst * 1000);
	EXPECT_LT(20, i);
	EXPECT_LT(worst, 2.0);
	close(fds[0]);
	close(fds[1]);
	/* What they shared is as it was. */
	job_init(&j, self->dev, self->filter, 0);
	job_file(&j, self->fd);
	j.records_cap = 1000;
	EXPECT_JOB(&j, job_run_check(&j, &oracle_of_text));
	job_free(&j);
}

/* Stopped and continued at random, a child's jobs give what they should. */
TEST_F(stress, stopped)
{
	const double end = now() + (ksift_full() ? 30 : 4);
	unsigned long stops = 0;
	int status, fds[2];
	struct rng rng;
	char c, last = 0;
	pid_t pid;

	rng_init(&rng, 55);
	ASSERT_EQ(0, pipe2(fds, O_CLOEXEC));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		struct job j;
		__u32 v;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(fds[0]);
		do {
			for_each_variant(self->dev, v) {
				job_init(&j, self->dev, self->filter, v);
				job_file(&j, self->fd);
				/* A stop is a signal, too, while it is there. */
				j.signals = true;
				j.text_cap = text_len;
				if (job_run_check(&j, &oracle_of_text)) {
					fprintf(stderr, "# %s\n", j.why);
					_exit(1);
				}
				job_free(&j);
			}
			c = now() < end ? '.' : '!';
			if (write(fds[1], &c, 1) != 1)
				_exit(2);
		} while (c == '.');
		_exit(0);
	}
	close(fds[1]);
	fcntl(fds[0], F_SETFL, O_NONBLOCK);
	while (last != '!' && !waitpid(pid, &status, WNOHANG)) {
		ssize_t n;

		usleep(rng_below(&rng, 2000));
		kill(pid, SIGSTOP);
		usleep(rng_below(&rng, 500));
		kill(pid, SIGCONT);
		stops++;
		while ((n = read(fds[0], &c, 1)) == 1)
			last = c;
		if (!n)
			break;
	}
	if (last == '!')
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_TRUE(WIFEXITED(status));
	EXPECT_EQ(0, WEXITSTATUS(status));
	EXPECT_EQ('!', last);
	EXPECT_LT(10, stops);
	TH_LOG("stopped %lu times", stops);
	close(fds[0]);
}

TEST_HARNESS_MAIN

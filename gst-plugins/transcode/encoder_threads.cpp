// SPDX-License-Identifier: LGPL-2.1-or-later
// A thread's niceness can't be taken back without privileges, so these threads are no pool's, which
// would use them for something else later on.
#include "gst-plugins/transcode/encoder_threads.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <memory>

#include "gst-plugins/common/ref.hpp"

struct StageEncoderThreads
{
  GstTaskPool parent;
};
struct StageEncoderThreadsClass
{
  GstTaskPoolClass parent;
};
GType stage_encoder_threads_get_type ();
G_DEFINE_TYPE (StageEncoderThreads, stage_encoder_threads, GST_TYPE_TASK_POOL)

namespace {

/** A tenth of the time that another thread gets, when there isn't enough for both: with a third the
 * source waited for milliseconds. */
constexpr int step_back = 10;

struct Job
{
  GstTaskPoolFunction function;
  gpointer data;
};

gpointer
run (gpointer data)
{
  const std::unique_ptr<Job> job{static_cast<Job *> (data)};
  const auto self = static_cast<id_t> (gettid ());
  setpriority (PRIO_PROCESS, self, getpriority (PRIO_PROCESS, self) + step_back);
  job->function (job->data);
  return nullptr;
}

gpointer
push (GstTaskPool *, GstTaskPoolFunction function, gpointer data, GError **error)
{
  auto *job = new Job{function, data};
  auto *thread = g_thread_try_new ("encode", run, job, error);
  if (thread == nullptr)
    delete job;
  return thread;
}

void
join (GstTaskPool *, gpointer thread)
{
  if (thread != nullptr)
    g_thread_join (static_cast<GThread *> (thread));
}

} // namespace

static void
stage_encoder_threads_init (StageEncoderThreads *)
{
}

static void
stage_encoder_threads_class_init (StageEncoderThreadsClass *klass)
{
  auto *pool = GST_TASK_POOL_CLASS (klass);
  pool->prepare = [] (GstTaskPool *, GError **) {
  };
  pool->cleanup = [] (GstTaskPool *) {
  };
  pool->push = push;
  pool->join = join;
}

namespace stagedoor::transcode {

void
place_thread (GstMessage *message)
{
  GstStreamStatusType type;
  GstElement *owner = nullptr;
  gst_message_parse_stream_status (message, &type, &owner);
  const auto *task = gst_message_get_stream_status_object (message);
  if (type != GST_STREAM_STATUS_TYPE_CREATE || task == nullptr
      || !G_VALUE_HOLDS (task, GST_TYPE_TASK)
      || !g_str_has_prefix (GST_OBJECT_NAME (owner), encoder_queue))
    return;
  auto *pool = GST_TASK_POOL (
      gst_object_ref_sink (g_object_new (stage_encoder_threads_get_type (), nullptr)));
  gst_task_set_pool (GST_TASK (g_value_get_object (task)), pool);
  gst_object_unref (pool);
}

/** GStreamer calls a thread by its pad, "QUEUE:src", as far as the kernel has room for it, and the
 * threads that it makes inherit that. */
bool
is_at_work (const std::string &queue)
{
  constexpr std::size_t most = 15;
  constexpr const char *tasks = "/proc/self/task";
  const auto name = "(" + (queue + ":src").substr (0, most) + ") R";
  const Owned<GDir, g_dir_close> all (g_dir_open (tasks, 0, nullptr));
  while (const char *task = all ? g_dir_read_name (all.get ()) : nullptr) {
    gchar *stat = nullptr;
    const String path (g_strdup_printf ("%s/%s/stat", tasks, task));
    const bool read = g_file_get_contents (path.get (), &stat, nullptr, nullptr);
    const String text (stat);
    if (read && g_strstr_len (text.get (), -1, name.c_str ()) != nullptr)
      return true;
  }
  return false;
}

} // namespace stagedoor::transcode

// SPDX-License-Identifier: LGPL-2.1-or-later
// From a publication's queue to the pads.
#include "gst-plugins/gate/reader.hpp"

GST_DEBUG_CATEGORY_EXTERN (gst_stage_gate_src_debug);
#define GST_CAT_DEFAULT gst_stage_gate_src_debug

namespace stagedoor::gate {
namespace {

/** A publisher that sends nothing for so long is away, whether or not it is connected: within two
 * seconds everybody is to know. */
constexpr std::chrono::milliseconds longest_silence{1800};

} // namespace

StreamReader::StreamReader (GstElement *element)
    : element_ (element), outputs_ (element, [this] { request_key_frame (); })
{
  g_rec_mutex_init (&task_lock_);
}

StreamReader::~StreamReader ()
{
  g_rec_mutex_clear (&task_lock_);
}

void
StreamReader::start (std::shared_ptr<Gate> gate, std::string name, const Patience &patience)
{
  gate_ = std::move (gate);
  name_ = std::move (name);
  patience_ = patience;
  stage_ = Stage::none;
  eos_ = false;
  interrupt_.reset ();
  {
    const std::lock_guard lock (mutex_);
    started_ = true;
  }
  task_ = gst_task_new (
      [] (gpointer self) { static_cast<StreamReader *> (self)->step (); }, this, nullptr);
  gst_object_set_name (GST_OBJECT (task_), "stagegatesrc");
  gst_task_set_lock (task_, &task_lock_);
  g_rec_mutex_lock (&task_lock_); // the first step sees all that was set before
  gst_task_start (task_);
  g_rec_mutex_unlock (&task_lock_);
}

void
StreamReader::set_playing (bool playing)
{
  const std::lock_guard lock (mutex_);
  playing_ = playing;
  changed_.notify_all ();
}

void
StreamReader::unblock ()
{
  {
    const std::lock_guard lock (mutex_);
    started_ = false;
  }
  interrupt_.set ();
}

void
StreamReader::stop ()
{
  if (task_ == nullptr)
    return;
  // Its loop holds this lock unless it is paused, so that its own pause can't undo the stop, which
  // would leave the join waiting for ever.
  g_rec_mutex_lock (&task_lock_);
  gst_task_stop (task_);
  g_rec_mutex_unlock (&task_lock_);
  gst_task_join (task_);
  gst_clear_object (&task_);
  set_publication (nullptr);
  outputs_.reset ();
  gate_.reset ();
}

bool
StreamReader::send_eos ()
{
  {
    const std::lock_guard lock (mutex_);
    if (!started_)
      return false;
    eos_ = true;
  }
  interrupt_.set ();
  return true;
}

void
StreamReader::request_key_frame () const
{
  if (const auto publication = current_publication ())
    publication->request_key_frame ();
}

std::shared_ptr<Publication>
StreamReader::current_publication () const
{
  const std::lock_guard lock (mutex_);
  return publication_;
}

GstStructure *
StreamReader::stats () const
{
  const auto publication = current_publication ();
  return publication ? publication->stats () : nullptr;
}

void
StreamReader::step ()
{
  if (!wait_until_playing ())
    return finish (GST_FLOW_FLUSHING);
  const auto flow = publication_ == nullptr ? await_publication () : read ();
  if (flow != GST_FLOW_OK)
    finish (flow);
}

bool
StreamReader::wait_until_playing ()
{
  const Interrupt::Attached attached (interrupt_, mutex_, changed_);
  std::unique_lock lock (mutex_);
  changed_.wait (lock, [this] { return playing_ || interrupt_.is_set (); });
  return !interrupt_.is_set ();
}

/** When what is waited for has not come in time. */
Deadline
StreamReader::deadline () const
{
  if (stage_ == Stage::flowing)
    return since_ + longest_silence;
  // Without a grace it is left to the gate when a silent publisher counts as gone.
  return stage_ == Stage::interrupted && patience_.grace.count () > 0 ? since_ + patience_.grace
                                                                      : no_deadline;
}

GstFlowReturn
StreamReader::await_publication ()
{
  auto publication = gate_->wait_for (name_, interrupt_, deadline ());
  if (publication == nullptr)
    return interrupt_.is_set () ? GST_FLOW_FLUSHING : stream_ended ();
  if (stage_ == Stage::none) {
    post (gst_structure_new ("stagedoor-published", "name", G_TYPE_STRING, name_.c_str (),
        "protocol", G_TYPE_STRING, publication->protocol ().c_str (), nullptr));
    stage_ = Stage::announced;
  }
  since_ = std::chrono::steady_clock::now (); // whoever comes back in time gets time to begin
  publication->request_key_frame ();          // the last one may be long ago
  set_publication (std::move (publication));
  outputs_.begin_publication ();
  return GST_FLOW_OK;
}

GstFlowReturn
StreamReader::read ()
{
  auto item = publication_->pop (interrupt_, deadline ());
  if (item)
    return take (std::move (*item));
  if (interrupt_.is_set ())
    return GST_FLOW_FLUSHING;
  nothing_came ();
  return GST_FLOW_OK;
}

GstFlowReturn
StreamReader::take (Item item)
{
  if (const auto *end = std::get_if<End> (&item))
    return publication_ended (end->why);
  if (stage_ == Stage::dismissed)
    return GST_FLOW_OK;
  if (const auto *caps = std::get_if<TrackCaps> (&item))
    return outputs_.push (*caps);
  if (auto *frame = std::get_if<Frame> (&item))
    return take_frame (std::move (*frame));
  return GST_FLOW_OK;
}

GstFlowReturn
StreamReader::take_frame (Frame frame)
{
  since_ = frame.arrived;
  if (stage_ == Stage::interrupted)
    resume ();
  stage_ = Stage::flowing;
  return outputs_.push (std::move (frame));
}

/** The publisher is connected still. */
void
StreamReader::nothing_came ()
{
  if (stage_ == Stage::flowing)
    return interrupt ("the publisher sends nothing");
  stage_ = Stage::dismissed; // and what it sends until it knows isn't wanted any more
  publication_->close ("the publisher sent nothing for too long");
}

GstFlowReturn
StreamReader::publication_ended (const std::string &why)
{
  set_publication (nullptr);
  if (stage_ == Stage::flowing && patience_.grace.count () > 0)
    interrupt (why);
  why_ = why;
  if (stage_ != Stage::interrupted || patience_.grace.count () == 0)
    return stream_ended ();
  since_ = std::chrono::steady_clock::now ();
  return GST_FLOW_OK;
}

void
StreamReader::interrupt (const std::string &why)
{
  stage_ = Stage::interrupted;
  since_ = std::chrono::steady_clock::now ();
  post (gst_structure_new ("stagedoor-interrupted", "why", G_TYPE_STRING, why.c_str (), nullptr));
  outputs_.interrupt (why);
}

void
StreamReader::resume ()
{
  post (gst_structure_new (
      "stagedoor-resumed", "protocol", G_TYPE_STRING, publication_->protocol ().c_str (), nullptr));
  outputs_.resume ();
}

GstFlowReturn
StreamReader::stream_ended ()
{
  stage_ = Stage::none;
  post (gst_structure_new ("stagedoor-unpublished", "why", G_TYPE_STRING, why_.c_str (), nullptr));
  // Without a pad there is nobody to be told of an end.
  return patience_.keep_listening || !outputs_.any () ? GST_FLOW_OK : GST_FLOW_EOS;
}

void
StreamReader::finish (GstFlowReturn flow)
{
  if (flow == GST_FLOW_NOT_LINKED || flow < GST_FLOW_EOS)
    GST_ELEMENT_FLOW_ERROR (element_, flow);
  if (flow != GST_FLOW_FLUSHING || eos_)
    outputs_.push_eos ();
  gst_task_pause (task_);
}

void
StreamReader::post (GstStructure *message) const
{
  gst_element_post_message (element_, gst_message_new_element (GST_OBJECT (element_), message));
}

void
StreamReader::set_publication (std::shared_ptr<Publication> publication)
{
  const std::lock_guard lock (mutex_);
  publication_.swap (publication); // the caller drops the old one, after the lock
}

} // namespace stagedoor::gate

// SPDX-License-Identifier: LGPL-2.1-or-later
// The element's streaming thread: waits for publications, pushes what they hold, and tells when the
// publisher is away.
#pragma once

#include "gst-plugins/gate/entrance.hpp"
#include "gst-plugins/gate/outputs.hpp"

namespace stagedoor::gate {

/** How the end of a publication is taken. */
struct Patience
{
  std::chrono::milliseconds grace{0}; ///< how long an interruption may last; 0: none is
  bool keep_listening = false;        ///< what comes after the end of a stream
};

class StreamReader
{
public:
  explicit StreamReader (GstElement *element);
  ~StreamReader ();

  // Called by the state change, in this order.
  void start (std::shared_ptr<Gate> gate, std::string name, const Patience &patience);
  void set_playing (bool playing); ///< a live source is silent while paused
  void unblock ();                 ///< before the pads are deactivated
  void stop ();                    ///< afterwards; joins the thread

  bool send_eos (); ///< any thread; false when not started
  /** Of the publication that is read; transfer full, nullptr when there is none. Any thread. */
  void request_key_frame () const; ///< any thread
  GstStructure *stats () const;

private:
  /** Of the stream, which may take several publications. */
  enum class Stage {
    none,        ///< nobody publishes
    announced,   ///< somebody does; no frame yet
    flowing,     ///< frames came
    interrupted, ///< they came, and don't any more
    dismissed,   ///< the publisher was silent for too long, and is told so
  };

  void step ();
  bool wait_until_playing ();
  GstFlowReturn await_publication ();
  GstFlowReturn read ();
  GstFlowReturn take (Item item);
  GstFlowReturn take_frame (Frame frame);
  GstFlowReturn publication_ended (const std::string &why);
  GstFlowReturn stream_ended ();
  Deadline deadline () const;
  void nothing_came ();
  void interrupt (const std::string &why);
  void resume ();
  void finish (GstFlowReturn flow);
  void post (GstStructure *message) const;
  std::shared_ptr<Publication> current_publication () const;
  void set_publication (std::shared_ptr<Publication> publication);

  GstElement *const element_; // borrowed; owns this
  GRecMutex task_lock_;
  GstTask *task_ = nullptr; // state changes only
  Interrupt interrupt_;
  mutable std::mutex mutex_; // never held while pushing, posting or waiting for the gate
  std::condition_variable changed_;
  bool playing_ = false;                     // protected by mutex_
  bool started_ = false;                     // protected by mutex_
  std::shared_ptr<Publication> publication_; // written under mutex_ by the streaming thread
  std::atomic<bool> eos_ = false;            // wanted by the application
  // Streaming thread; set while there is none:
  std::shared_ptr<Gate> gate_;
  std::string name_;
  Patience patience_;
  Stage stage_ = Stage::none;
  Deadline since_;  // of what deadline() is counted from: a sign of life, or of none
  std::string why_; // there is no publisher, or a silent one
  Outputs outputs_;
};

} // namespace stagedoor::gate

// SPDX-License-Identifier: LGPL-2.1-or-later
// The element's streaming thread: waits for publications and pushes what they hold.
#pragma once

#include "gst-plugins/gate/entrance.hpp"
#include "gst-plugins/gate/outputs.hpp"

namespace stagedoor::gate {

class StreamReader
{
public:
  explicit StreamReader (GstElement *element);
  ~StreamReader ();

  // Called by the state change, in this order.
  void start (std::shared_ptr<Gate> gate, std::string name, bool keep_listening);
  void set_playing (bool playing); ///< a live source is silent while paused
  void unblock ();                 ///< before the pads are deactivated
  void stop ();                    ///< afterwards; joins the thread

  bool send_eos (); ///< any thread; false when not started
  /** Of the publication that is read; transfer full, nullptr when there is none. Any thread. */
  void request_key_frame () const; ///< any thread
  GstStructure *stats () const;

private:
  void step ();
  bool wait_until_playing ();
  bool claim ();
  GstFlowReturn take (Item item);
  GstFlowReturn publication_ended (const std::string &why);
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
  bool keep_listening_ = false;
  Outputs outputs_;
};

} // namespace stagedoor::gate

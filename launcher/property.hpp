// SPDX-License-Identifier: LGPL-2.1-or-later
// Property values from files: checked before they are set, because GObject only warns.
#pragma once

#include <string>

#include <glib-object.h>
#include <tl/expected.hpp>

#include "launcher/pipeline_file.hpp"

namespace stagedoor {

/** The property, when it can be written; the error lists those that can. */
tl::expected<GParamSpec *, std::string> find_property (
    GObjectClass *owner, const std::string &name);

/** Nothing wrong, or what would be right. Text as a graph has it, or a typed value. */
tl::expected<void, std::string> check_value (GParamSpec *property, const std::string &text);
tl::expected<void, std::string> check_value (GParamSpec *property, const Scalar &value);

tl::expected<void, std::string> set_property (
    GObject *object, const std::string &name, const Scalar &value);

} // namespace stagedoor

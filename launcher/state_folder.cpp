// SPDX-License-Identifier: LGPL-2.1-or-later
#include "launcher/state_folder.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib.h>
#include <openssl/rand.h>

#include "launcher/json.hpp"

namespace stagedoor {
namespace {

constexpr const char *keys_name = "keys";
constexpr const char *keys_draft = "keys.new"; // only ever written under the folder's lock
constexpr const char *addresses_name = "addresses.json";
constexpr std::size_t largest_file = 4 * 1024 * 1024;

std::string
default_path ()
{
  if (const char *systemd = std::getenv ("STATE_DIRECTORY"); systemd != nullptr && *systemd != 0)
    return std::string (systemd).substr (0, std::string_view (systemd).find (':'));
  return std::string (g_get_user_state_dir ()) + "/stagedoor";
}

std::string
why (int error)
{
  return std::strerror (error);
}

/** Held while the key file is read and rewritten: flock() on the folder itself. */
class FolderLock
{
public:
  explicit FolderLock (const std::string &path)
      : folder_ (::open (path.c_str (), O_RDONLY | O_DIRECTORY | O_CLOEXEC))
  {
    while (folder_ && flock (folder_.get (), LOCK_EX) != 0 && errno == EINTR)
      ;
  }

private:
  Fd folder_; // an open file of its own, or two locks of one process would be one
};

bool
write_all (int fd, std::string_view text)
{
  while (!text.empty ()) {
    const auto written = ::write (fd, text.data (), text.size ());
    if (written < 0 && errno == EINTR)
      continue;
    if (written < 0)
      return false;
    text.remove_prefix (static_cast<std::size_t> (written));
  }
  return true;
}

struct flock
whole_file (short type)
{
  struct flock out
  {
  };
  out.l_type = type;
  out.l_whence = SEEK_SET;
  return out;
}

} // namespace

Fd::~Fd ()
{
  if (fd_ >= 0)
    ::close (fd_);
}

tl::expected<std::string, std::string>
read_file (int folder, const std::string &name, std::size_t limit)
{
  const Fd file (::openat (folder, name.c_str (), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat about
  {
  };
  if (!file || fstat (file.get (), &about) != 0)
    return tl::unexpected (why (errno));
  if (!S_ISREG (about.st_mode))
    return tl::unexpected (std::string ("is not a regular file"));
  if (static_cast<std::size_t> (about.st_size) > limit)
    return tl::unexpected ("is larger than " + std::to_string (limit) + " bytes");
  std::string out;
  char chunk[16384];
  for (;;) {
    const auto got = ::read (file.get (), chunk, sizeof chunk);
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      return tl::unexpected (why (errno));
    if (got == 0 || out.size () > limit)
      return out;
    out.append (chunk, static_cast<std::size_t> (got));
  }
}

keys::Secret
new_secret (const keys::KeyringSettings &settings)
{
  keys::Secret out;
  for (int number = 1; out.id.empty (); ++number) {
    const auto id = "k" + std::to_string (number);
    if (std::ranges::find (settings.secrets, id, &keys::Secret::id) == settings.secrets.end ()
        && !settings.revoked_keys.contains (id))
      out.id = id;
  }
  out.bytes.resize (32);
  if (RAND_bytes (out.bytes.data (), static_cast<int> (out.bytes.size ())) != 1)
    abort (); // without randomness there are no secrets
  return out;
}

Result<StateFolder>
StateFolder::open (const std::string &option)
{
  auto path = option.empty () ? default_path () : option;
  if (g_mkdir_with_parents (path.c_str (), 0700) != 0)
    return fail (exit_io, "can't make the state folder " + path + ": " + why (errno));
  Fd folder (::open (path.c_str (), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder)
    return fail (exit_io, "can't open the state folder " + path + ": " + why (errno));
  return StateFolder (std::move (path), std::move (folder));
}

Result<std::optional<keys::KeyringSettings>>
StateFolder::load_keys () const
{
  struct stat about
  {
  };
  if (fstatat (folder_.get (), keys_name, &about, 0) != 0) {
    if (errno == ENOENT)
      return std::nullopt;
    return fail (exit_io, "can't read " + path_ + "/keys: " + why (errno));
  }
  if ((about.st_mode & 077) != 0)
    return fail (
        exit_config, path_ + "/keys can be read by others; chmod 600 it, and think of new secrets");
  const auto text = read_file (folder_.get (), keys_name, largest_file);
  if (!text)
    return fail (exit_io, "can't read " + path_ + "/keys: " + text.error ());
  auto settings = keys::parse_keyfile (*text);
  if (!settings)
    return fail (exit_config, path_ + "/keys, " + settings.error ());
  return std::optional (std::move (*settings));
}

Result<void>
StateFolder::store_keys (const keys::KeyringSettings &settings) const
{
  ::unlinkat (folder_.get (), keys_draft, 0);
  const Fd file (::openat (
      folder_.get (), keys_draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  const auto ok = file && write_all (file.get (), keys::format_keyfile (settings))
                  && fsync (file.get ()) == 0
                  && renameat (folder_.get (), keys_draft, folder_.get (), keys_name) == 0
                  && fsync (folder_.get ()) == 0;
  if (!ok)
    return fail (exit_io, "can't write " + path_ + "/keys: " + why (errno));
  return {};
}

Result<keys::KeyringSettings>
StateFolder::read_keys () const
{
  auto loaded = load_keys ();
  if (!loaded)
    return tl::unexpected (loaded.error ());
  if (*loaded)
    return std::move (**loaded);
  return change_keys ([] (keys::KeyringSettings &) {});
}

Result<keys::KeyringSettings>
StateFolder::change_keys (const std::function<void (keys::KeyringSettings &)> &change) const
{
  const FolderLock lock (path_);
  auto loaded = load_keys ();
  if (!loaded)
    return tl::unexpected (loaded.error ());
  keys::KeyringSettings settings;
  if (*loaded)
    settings = std::move (**loaded);
  else
    settings.secrets.push_back (new_secret (settings));
  change (settings);
  if (const auto stored = store_keys (settings); !stored)
    return tl::unexpected (stored.error ());
  return settings;
}

Result<Fd>
StateFolder::announce (const Addresses &addresses) const
{
  Fd file (
      ::openat (folder_.get (), addresses_name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file)
    return fail (exit_io, "can't write " + path_ + "/addresses.json: " + why (errno));
  auto lock = whole_file (F_WRLCK);
  if (fcntl (file.get (), F_OFD_SETLK, &lock) != 0)
    return fail (exit_unavailable, "another stagedoor runs with the state folder " + path_);
  JsonWriter json;
  json.object ();
  json.add ("rtmp", addresses.rtmp).add ("srt", addresses.srt).add ("http", addresses.http);
  if (!addresses.rtmps.empty ())
    json.add ("rtmps", addresses.rtmps);
  json.add ("public-address", addresses.public_address);
  json.add ("srt-passphrase", addresses.srt_passphrase).end_object ();
  if (ftruncate (file.get (), 0) != 0 || !write_all (file.get (), json.text ()))
    return fail (exit_io, "can't write " + path_ + "/addresses.json: " + why (errno));
  return file;
}

std::optional<Addresses>
StateFolder::announced () const
{
  const Fd file (::openat (folder_.get (), addresses_name, O_RDWR | O_CLOEXEC | O_NOFOLLOW));
  if (!file)
    return std::nullopt;
  auto lock = whole_file (F_WRLCK);
  if (fcntl (file.get (), F_OFD_GETLK, &lock) != 0 || lock.l_type == F_UNLCK)
    return std::nullopt; // what it says is of a server that is gone
  const auto text = read_file (folder_.get (), addresses_name, largest_file);
  const auto json = text ? parse_json (*text) : tl::unexpected (text.error ());
  if (!json || !JSON_NODE_HOLDS_OBJECT (json->get ()))
    return std::nullopt;
  JsonObject *object = json_node_get_object (json->get ());
  return Addresses{.rtmp = json_string (object, "rtmp"),
      .srt = json_string (object, "srt"),
      .http = json_string (object, "http"),
      .public_address = json_string (object, "public-address"),
      .rtmps = json_string (object, "rtmps"),
      .srt_passphrase =
          json_object_get_boolean_member_with_default (object, "srt-passphrase", FALSE) != FALSE};
}

} // namespace stagedoor

#pragma once

#include "dns/result.hpp"

#include <string>
#include <string_view>

namespace taproot::server {

// What people read, made from the very JSON that scripts get (reports_json.hpp), so that the two
// cannot disagree. Each ends with the next command to type, where there is one. Control
// characters from names, records and messages do not reach the terminal. Keys that are missing
// read as empty; a document of another shape is Errc::bad_answer.

Result<std::string> render_status(std::string_view json, bool colour);
Result<std::string> render_plan(std::string_view json, bool colour);
/// For a review: Markdown, in which nothing from a zone means anything.
Result<std::string> render_plan_markdown(std::string_view json, bool colour);
Result<std::string> render_apply(std::string_view json, bool colour);
Result<std::string> render_verify(std::string_view json, bool colour);
Result<std::string> render_history(std::string_view json, bool colour);
Result<std::string> render_show(std::string_view json, bool colour);
Result<std::string> render_diff(std::string_view json, bool colour);
Result<std::string> render_edit(std::string_view json, bool colour);
Result<std::string> render_rollback(std::string_view json, bool colour);
Result<std::string> render_serial(std::string_view json, bool colour);
Result<std::string> render_hold(std::string_view json, bool colour);
Result<std::string> render_drop(std::string_view json, bool colour);
Result<std::string> render_notify(std::string_view json, bool colour);
Result<std::string> render_reload(std::string_view json, bool colour);

/// "3 of 9 nameservers": for the progress of an apply.
Result<std::string> render_progress(std::string_view json);

}  // namespace taproot::server

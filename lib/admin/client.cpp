#include "admin/client.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/json/parse.hpp>
#include <fmt/format.h>

namespace steelyard::admin {

boost::json::value get(const std::string& socket, const std::string& target) {
  namespace http = boost::beast::http;
  using Local = boost::asio::local::stream_protocol;
  boost::asio::io_context loop;
  Local::socket stream(loop);
  boost::system::error_code error;
  stream.connect(Local::endpoint(socket), error);
  if (error)
    throw ClientError(fmt::format("no director answers on {} ({}); name its admin_socket with --socket",
                                  socket, error.message()));
  http::request<http::empty_body> request{http::verb::get, target, 11};
  request.set(http::field::host, "steelyard");
  request.keep_alive(false);
  http::response<http::string_body> response;
  boost::beast::flat_buffer buffer;
  http::write(stream, request, error);
  if (!error) http::read(stream, buffer, response, error);
  if (error) throw ClientError(fmt::format("the director on {} broke off: {}", socket, error.message()));
  boost::json::value value = boost::json::parse(response.body(), error);
  if (error) throw ClientError(fmt::format("the director on {} answered something that is no JSON", socket));
  if (response.result() != http::status::ok) {
    const auto* why = value.is_object() ? value.as_object().if_contains("error") : nullptr;
    throw ClientError(why != nullptr ? std::string(why->as_string().c_str())
                                     : fmt::format("HTTP {}", response.result_int()));
  }
  return value;
}

}  // namespace steelyard::admin

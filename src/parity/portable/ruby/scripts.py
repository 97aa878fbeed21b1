"""What the image's or the target's own Ruby runs: scripts for `ruby -e`, which load no gem's code.

Ruby 2.7 and later, with what comes with it. Each writes one JSON document to the file that its first
argument names, since what a gem's metadata holds could be printed in the middle of standard output.
"""

# ruff: noqa: E501 - as long as Ruby likes its lines

# EXCL: whoever can guess the file's name cannot have it written through a link.
PRELUDE = r"""
require "rubygems"
require "rubygems/package"
require "rubygems/installer"
require "json"

def tell(path, document)
  File.open(path, File::WRONLY | File::CREAT | File::EXCL, 0o600) { |file| file.write(JSON.generate(document)) }
end

# What is no UTF-8 could not be told as JSON.
def text(value)
  value.to_s.dup.force_encoding("UTF-8").scrub("?")[0, 500]
end
"""

ABOUT = (
    PRELUDE
    + r"""
tell(ARGV.fetch(0), {
  "ruby" => RUBY_VERSION,
  "abi" => RbConfig::CONFIG["ruby_version"],
  "platform" => Gem::Platform.local.to_s,
  "rubygems" => Gem::VERSION,
  "engine" => RUBY_ENGINE,
})
"""
)
"""Tells which Ruby it is."""

# `Package#spec` reads the metadata with rubygems' own safe loader and compares the checksums in the file.
JUDGE = (
    PRELUDE
    + r"""
MOST = 200_000

# gem writes a program over whatever its name leads to, and makes executable what it finds there.
def demand_inside(spec)
  names = spec.executables.map { |each| text(each) }
  wrong = names.find { |each| each !~ /\A[A-Za-z0-9_][A-Za-z0-9._+-]*\z/ }
  raise "a program lies outside of it: #{wrong.inspect}" if wrong
  folders = [spec.bindir, *spec.raw_require_paths].map { |each| text(each) }
  wrong = folders.find { |each| each.start_with?("/") || each.split("/").include?("..") }
  raise "it has a folder outside of it: #{wrong.inspect}" if wrong
end

def features(spec, files)
  roots = spec.raw_require_paths.map { |each| text(each) }
  roots.flat_map do |root|
    files.select { |file| file.start_with?(root + "/") && file =~ /\.(rb|so)\z/ }
         .map { |file| file[(root.size + 1)..-1].sub(/\.(rb|so)\z/, "") }
  end.uniq
end

def to_require(name, found)
  meant = [name, name.tr("-", "/"), name.tr("-", "_")].find { |each| found.include?(each) }
  return [meant] if meant
  top = found.reject { |each| each.include?("/") || each == "rubygems_plugin" }
  top.size == 1 ? top : []
end

def judged(path)
  package = Gem::Package.new(path)
  spec, files = package.spec, package.contents.map { |each| text(each) }
  raise "more than #{MOST} files" if files.size > MOST
  out = files.find { |each| each.start_with?("/") || each.split("/").include?("..") }
  raise "a file lies outside of it: #{out.inspect}" if out
  demand_inside(spec)
  found = features(spec, files)
  {
    "name" => text(spec.name),
    "version" => text(spec.version),
    "platform" => text(spec.platform),
    "extensions" => spec.extensions.map { |each| text(each) },
    "programs" => spec.executables.map { |each| text(each) },
    "plugin" => found.include?("rubygems_plugin"),
    "require" => to_require(text(spec.name), found),
    "error" => "",
  }
rescue Exception => error
  { "name" => "", "version" => "", "platform" => "", "extensions" => [], "programs" => [], "plugin" => false,
    "require" => [], "error" => text("#{error.class}: #{error.message}") }
end

tell(ARGV.fetch(0), ARGV.drop(1).map { |path| judged(path) })
"""
)
"""Tells what each of the .gem files says of itself, and what is wrong with it."""

# Newer rubygems load a plugin (rubygems_plugin.rb) as soon as its gem is installed.
INSTALL = r"""
require "rubygems"
require "rubygems/gem_runner"
require "rubygems/installer"
class Gem::Installer
  def load_plugin; end
end
Gem::GemRunner.new.run(["install", "--norc", "--local", "--no-document", "--no-user-install", *ARGV])
"""
"""`gem install --local`, which runs no plugin that a gem brings."""

"""What Ruby does for the near side: gems resolved and fetched with network, built and packed anew without.

A job comes as JSON on stdin (so logins are recorded nowhere), the answer is JSON on stdout. No gem's code runs
but in the builds, which have no network. Ruby 2.7 and later.
"""

# ruff: noqa: E501 - as long as Ruby likes its lines

_BEGIN = r"""
require "rubygems"
require "rubygems/package"
require "json"
require "fileutils"
OUT = $stdout.dup
$stdout.reopen($stderr)
JOB = JSON.parse($stdin.read)
"""

FETCH = (
    _BEGIN
    + r"""
require "rubygems/resolver"
require "rubygems/remote_fetcher"
require "rubygems/source_list"
require "uri"

NAME = /\A[A-Za-z0-9][A-Za-z0-9._-]{0,199}\z/
MOST = 2000

class Problem < StandardError
  attr_reader :kind
  def initialize(kind, message)
    super(message)
    @kind = kind
  end
end

# A source that lists a gem's versions as text; that it does not know a gem is an answer.
class Listed < Gem::Resolver::APISet
  def versions(name)
    super
  rescue Gem::RemoteFetcher::FetchError => error
    raise unless error.message =~ /\b(404|410)\b/
    @data[name]
  end
end

# What the target has counts, but not in the place of what was asked for by name.
# Of a gem that a lock of bundler's names, no other platform's file is taken, and none from another source.
module OfLock
  attr_accessor :origin

  def find_all(request)
    bound = JOB["bound"][request.name]
    return [] if bound && !bound.include?(origin)
    named = JOB["platforms"][request.name]
    named ? super.select { |each| named.include?(each.platform.to_s) } : super
  end
end

class Installed < Gem::Resolver::CurrentSet
  def initialize(asked)
    super()
    @asked = asked
  end

  def find_all(request)
    @asked.include?(request.name) ? [] : super
  end
end

def configure
  settings = { ":ssl_ca_cert" => JOB["ca"], ":verbose" => "false" }.compact
  path = File.join(JOB["work"], "gemrc")
  File.write(path, settings.map { |key, value| "#{key}: #{value}\n" }.join)
  Gem.configuration = Gem::ConfigFile.new(["--config-file=#{path}"])
  JOB["proxies"].each { |kind, value| ENV["#{kind}_proxy"] = ENV["#{kind.upcase}_PROXY"] = value }
end

# As rubygems reads them: with its own safe loader.
def of_gemrc
  JOB["gemrc"].each_with_index.map do |said, number|
    path = File.join(JOB["work"], "gemrc-#{number}")
    File.write(path, said)
    Array(Gem.configuration.load_file(path)[:sources])
  end.reverse.find { |found| !found.empty? }
end

ORIGINS = {}

def sources
  said = JOB["sources"]
  said = of_gemrc || Gem.default_sources.to_a if said.empty?
  said.map { |each| each.to_s.end_with?("/") ? each.to_s : "#{each}/" }.map do |each|
    raise Problem.new("source", "#{plain(each)} is no http or https address") unless each =~ %r{\Ahttps?://[^/]+/}
    found = mirror(each)
    login = JOB["logins"][URI(found).host]
    found = found.sub("://", "://#{login}@") if login && !found.include?("@")
    ORIGINS[found] = each
    found
  end
end

def mirror(address)
  found = JOB["mirrors"][address.downcase] || JOB["mirrors"]["all"]
  found ? found.sub(%r{/*\z}, "/") : address
end

def plain(address)
  address.to_s.sub(%r{\A(https?://)[^/@]*@}, '\1')
end

def set_of(address)
  uri = URI(address)
  begin
    Gem::RemoteFetcher.fetcher.fetch_path(uri + "versions", nil, true)
  rescue Gem::RemoteFetcher::FetchError
    return Gem::Resolver::IndexSet.new(Gem::Source.new(uri))
  end
  Listed.new(uri + "info/")
end

def resolved(addresses)
  asked = JOB["wanted"].map { |name, *wanted| Gem::Dependency.new(name, *wanted) }
  sets = addresses.map { |each| set_of(each).extend(OfLock).tap { |set| set.origin = ORIGINS[each] } }
  set = Gem::Resolver.compose_sets(Installed.new(asked.map(&:name)), *sets)
  set.prerelease = asked.any?(&:prerelease?)
  resolver = Gem::Resolver.new(asked, set)
  resolver.skip_gems = Gem::Specification.group_by(&:name).reject { |name, _| asked.any? { |each| each.name == name } }
  resolver.resolve.map(&:spec)
rescue Gem::UnsatisfiableDependencyError => error
  raise Problem.new("unreachable", error.errors.map { |each| each.respond_to?(:wordy) ? each.wordy : each.to_s }.join("; ")) unless Array(error.errors).empty?
  asked = error.dependency
  there = versions_of(set, asked.name)
  known = there.empty? ? "" : "; there are #{there.join(", ")}"
  raise Problem.new("unknown", "#{asked.name} (#{asked.requirement}) is nowhere in #{addresses.map { |each| plain(each) }.join(", ")}#{known}")
rescue Gem::DependencyResolutionError => error
  raise Problem.new("conflict", error.message)
end

# The newest five, for somebody who has asked for one that is not among them. What goes wrong here is not told: the
# gem that was not found is.
def versions_of(set, name)
  any = Gem::Resolver::DependencyRequest.new(Gem::Dependency.new(name, ">= 0.a"), nil)
  set.find_all(any).map(&:version).uniq.sort.last(5).reverse.map(&:to_s)
rescue StandardError
  []
end

def row(spec)
  { "name" => spec.name, "version" => spec.version.to_s, "platform" => spec.platform.to_s, "source" => spec.source.uri.to_s }
end

def full(row)
  words = [row["name"], row["version"]]
  words << row["platform"] unless row["platform"] == "ruby"
  odd = words.find { |each| each !~ NAME }
  raise Problem.new("hostile", "a source names a gem #{odd.inspect[0, 200]}") if odd
  words.join("-")
end

def fetched(row)
  stub = Gem::Specification.new do |spec|
    spec.name, spec.version, spec.platform = row["name"], row["version"], Gem::Platform.new(row["platform"])
  end
  file = full(row) + ".gem"
  Dir.chdir(JOB["folder"]) { Gem::RemoteFetcher.fetcher.download(stub, row["source"], Dir.pwd) }
  raise Problem.new("other", "#{file} did not come") unless File.file?(File.join(JOB["folder"], file))
  row.merge("file" => file, "source" => plain(row["source"]))
end

def with_login(row, addresses)
  row.merge("source" => addresses.find { |each| plain(each) == row["source"] } || row["source"])
end

def answer
  FileUtils.mkdir_p(JOB["folder"])
  configure
  addresses = sources
  found, present = [], []
  if JOB["locked"]
    found = JOB["locked"].map { |each| with_login(each, addresses) }
  else
    specs = resolved(addresses)
    have, found = specs.partition { |each| each.is_a?(Gem::BasicSpecification) || each.is_a?(Gem::Resolver::InstalledSpecification) }
    present = have.map { |each| "#{each.name} #{each.version}" }
    found = found.map { |each| row(each) }
  end
  raise Problem.new("other", "more than #{MOST} gems") if found.size > MOST
  { "gems" => found.map { |each| fetched(each) }, "present" => present, "error" => nil }
rescue Problem => error
  { "gems" => [], "present" => [], "error" => { "kind" => error.kind, "message" => error.message } }
rescue Gem::RemoteFetcher::FetchError, Gem::SpecificGemNotFoundException, URI::InvalidURIError => error
  { "gems" => [], "present" => [], "error" => { "kind" => "unreachable", "message" => error.message } }
rescue StandardError => error
  { "gems" => [], "present" => [], "error" => { "kind" => "other", "message" => "#{error.class}: #{error.message}" } }
end

OUT.write(JSON.generate(JSON.parse(JSON.generate(answer).scrub("?"))))
"""
)
"""Resolves and fetches; see `parity.wire.gems.GemFetchJob`."""

LAY = (
    _BEGIN
    + r"""
require "digest"
JOB["gems"].each do |each|
  target = File.join(JOB["folder"], each["file"])
  FileUtils.cp(File.join(JOB["store"], "sha256", each["sha256"][0, 2], each["sha256"]), target)
  abort("#{each["file"]} has other bytes than were locked") unless Digest::SHA256.file(target).hexdigest == each["sha256"]
end
interfaces = Dir.children("/sys/class/net")
OUT.write(JSON.generate("alone" => interfaces == ["lo"]))
"""
)
"""Lays gems out of the store under their names, and tells whether there is no network."""

REPACK = (
    _BEGIN
    + r"""
ENV["SOURCE_DATE_EPOCH"] = "315532800"
LEFT = %w[gem_make.out mkmf.log gem.build_complete]

def built(spec)
  home = File.join(JOB["home"], "extensions", Gem::Platform.local.to_s, Gem.extension_api_version, spec.full_name)
  Dir.glob("**/*", File::FNM_DOTMATCH, base: home).map { |each| [each, File.join(home, each)] }
     .select { |each, path| File.file?(path) && !File.symlink?(path) && !LEFT.include?(each) }
end

def narrowed(spec)
  major, minor = RUBY_VERSION.split(".")
  [*spec.required_ruby_version.requirements.map { |operator, version| "#{operator} #{version}" }, "~> #{major}.#{minor}.0"]
end

def packed(file)
  package = Gem::Package.new(File.join(JOB["folder"], file))
  spec = package.spec
  stage = File.join(JOB["stage"], spec.full_name)
  FileUtils.mkdir_p(stage)
  package.extract_files(stage)
  built(spec).each do |name, path|
    target = File.join(stage, spec.raw_require_paths.first || "lib", name)
    FileUtils.mkdir_p(File.dirname(target))
    FileUtils.cp(path, target)
    FileUtils.chmod(0o755, target)
  end
  spec.extensions = []
  spec.platform = Gem::Platform::CURRENT
  spec.required_ruby_version = Gem::Requirement.new(narrowed(spec))
  spec.files = Dir.glob("**/*", File::FNM_DOTMATCH, base: stage).select { |each| File.file?(File.join(stage, each)) }.sort
  spec.signing_key, spec.cert_chain = nil, []
  spec.date = Gem.source_date_epoch
  out = File.join(JOB["out"], spec.file_name)
  Dir.chdir(stage) { Gem::Package.build(spec, true, false, out) }
  { "of" => file, "file" => spec.file_name }
end

OUT.write(JSON.generate(JOB["gems"].map { |each| packed(each) }))
"""
)
"""Packs built gems anew with what was built, for this platform and this Ruby, so that no target builds."""

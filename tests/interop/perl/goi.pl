#!/usr/bin/perl
# SOAP::Lite against a door, without WSDL: xsi:type on every leaf, prefixes declared on the envelope, encodingStyle.
# argv = address, SOAP version (1.1 or 1.2), password.
use strict;
use warnings;
use utf8;
use SOAP::Lite;
use JSON::PP;

my ($address, $version, $password) = @ARGV;
utf8::decode($password);
my $namespace = 'urn:he-thong-thu';

sub leaf { my ($name, $value) = @_; return SOAP::Data->name($name => $value)->type('string') }

# Said of the class: said of an object, it is forgotten now and then (it depends on the order of a hash).
SOAP::Lite->soapversion($version);
my $client = SOAP::Lite->proxy($address)->on_action(sub { '""' })->on_fault(sub { })->ns($namespace, 'thu');
my $reply = $client->call(
    SOAP::Data->name('thu:guiHoSo'),
    leaf('matKhau', $password),
    leaf('taiKhoan', 'motcua.thu'),
    SOAP::Data->name('hoSo' => \SOAP::Data->value(leaf('ma', 'H99-1'), leaf('ten', 'Nguyễn Thị Thử'))),
);
my %said;
if (ref $reply && $reply->fault) {
    %said = (faultcode => scalar($reply->faultcode), faultstring => scalar($reply->faultstring),
        code => scalar($reply->valueof('//problem/code')));
} elsif (ref $reply) {
    %said = (loi => $reply->valueof('//return/loi'));
} else {
    %said = (status => $client->transport->status);
}
binmode STDOUT;
print JSON::PP->new->utf8->canonical->encode(\%said);

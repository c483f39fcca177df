# Removes what the router.rsc of fwknop-mikrotik added, and nothing else: rules by their
# comments, which begin with "fwknop-mikrotik: ", the rest by its name.
# Entries in the address lists go by themselves when their time is over; those that you have
# added without one stay.

/ip/firewall/filter/remove [/ip/firewall/filter/find where comment~"^fwknop-mikrotik: "]
/ip/firewall/nat/remove [/ip/firewall/nat/find where comment~"^fwknop-mikrotik: "]
/ip/firewall/mangle/remove [/ip/firewall/mangle/find where comment~"^fwknop-mikrotik: "]
/ip/firewall/layer7-protocol/remove [/ip/firewall/layer7-protocol/find where comment~"^fwknop-mikrotik: "]
/ip/firewall/address-list/remove [/ip/firewall/address-list/find where comment~"^fwknop-mikrotik: "]
/user/remove [/user/find where name="fwknop-mikrotik" and comment="fwknop-mikrotik: user"]
:if ([:len [/user/find where group="fwknop-mikrotik"]] = 0) do={
  /user/group/remove [/user/group/find where name="fwknop-mikrotik"]
}

# The certificate, once api-ssl does without it. The API over TLS is then switched off: without
# a certificate it could not prove that it is the router.
{
  :local apiService [:pick [/ip/service/find where name="api-ssl"] 0]
  :local apiSsl [/ip/service/get $apiService]
  :if ([:tostr ($apiSsl->"certificate")] = "fwknop-mikrotik") do={
    /ip/service/set $apiService certificate=none disabled=yes
    :put "api-ssl: switched off, certificate=none. What it was before, nobody wrote down:"
    :put "- its address list and tls-version=only-1.2 stay as router.rsc set them"
    :put "- RouterOS itself comes with: /ip/service/set api-ssl address=\"\" tls-version=any disabled=no"
  }
}
/certificate/remove [/certificate/find where name="fwknop-mikrotik"]

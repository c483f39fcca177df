# Prepares the router 192.168.88.1 for fwknop-mikrotik. RouterOS 7.9 or later.

# It holds a password: import it, then remove it from the router.
#   /import file-name=router.rsc
#   /file/remove router.rsc
# It may be imported again: it leaves everything that exists as it is.
# `fwknop-mikrotik init --undo` prints the script that removes its additions.

# It was written by the manual and never run on a router: read it before you import it.

# It is for IPv4. IPv6 has menus of its own, /ipv6/firewall/address-list and
# /ipv6/firewall/filter: a service that is to open to IPv6 addresses too needs the
# same accept rule there. (fwknopd itself passes IPv4 addresses only.)

# Check that the WAN interface exists. Nothing has been changed yet.
:if ([:len [/interface/list/find where name="outside world"]] = 0) do={
  :error "no interface list outside world; hint: make one, with the interface that leads to the Internet:\0A  /interface/list/add name=\"outside world\"\0A  /interface/list/member/add list=\"outside world\" interface=INTERFACE\0Aor run init again, with --wan LIST or --wan-interface INTERFACE"
}

# A user that may use the API and write, but not read, from one address only. (With the policy
# `read` a knock could extend an entry that is still there; it could also read everything. A note
# by e-mail needs the policy `test`, and on home routers device-mode blocks e-mail until
# /system/device-mode/update email=yes.)
:if ([:len [/user/group/find where name="fwknop-mikrotik"]] = 0) do={
  /user/group/add name=fwknop-mikrotik policy=write,api
}
:if ([:len [/user/find where name="fwknop-mikrotik"]] = 0) do={
  /user/add name=fwknop-mikrotik group=fwknop-mikrotik address=192.168.88.50/32 password="ppppppppppppppppppppppppppppppppppppppppppp" comment="fwknop-mikrotik: user"
} else={
  :put "user fwknop-mikrotik exists already and keeps its password. If mikrotik.toml has another one,"
  :put "import the script that init --undo prints, and then this one again."
}

# The API over TLS, with a certificate of its own. If api-ssl has another certificate or an
# address list already, it stays as it is.
:if ([:len [/certificate/find where name="fwknop-mikrotik"]] = 0) do={
  /certificate/add name=fwknop-mikrotik common-name=192.168.88.1 subject-alt-name=IP:192.168.88.1 days-valid=3650
}
# Sign it, and wait for its fingerprint, at most 60 s.
:if ([:len ([/certificate/get [/certificate/find where name="fwknop-mikrotik"]]->"fingerprint")] = 0) do={
  /certificate/sign fwknop-mikrotik
}
:for second from=1 to=60 do={
  :if ([:len ([/certificate/get [/certificate/find where name="fwknop-mikrotik"]]->"fingerprint")] = 0) do={
    :delay 1s
  }
}
:if ([:len ([/certificate/get [/certificate/find where name="fwknop-mikrotik"]]->"fingerprint")] = 0) do={
  :error "the certificate fwknop-mikrotik has no fingerprint after 60 s; hint: wait, then import router.rsc again"
}
# From RouterOS 7.19 on the menu lists connections too, under the name of the service; from 7.24
# on the address of a service is called available-from.
{
  :local apiService ""
  :foreach item in=[/ip/service/find where name="api-ssl"] do={
    :if (([/ip/service/get $item]->"connection") != true) do={
      :set apiService $item
    }
  }
  :local apiSsl [/ip/service/get $apiService]
  :local apiCertificate [:tostr ($apiSsl->"certificate")]
  :local apiAddress [:tostr ($apiSsl->"address")]
  :local apiFrom [:tostr ($apiSsl->"available-from")]
  :if (([:len $apiCertificate] = 0 or $apiCertificate = "none" or $apiCertificate = "fwknop-mikrotik") and ([:len $apiAddress] = 0 or $apiAddress = "192.168.88.50/32") and ([:len $apiFrom] = 0 or $apiFrom = "192.168.88.50/32")) do={
    /ip/service/set $apiService certificate=fwknop-mikrotik tls-version=only-1.2 address=192.168.88.50/32 disabled=no
  } else={
    :put "api-ssl has a certificate or an address list already and stays as it is. Make sure that"
    :put "- it is enabled, and its address list includes 192.168.88.50/32"
    :put "- it has a certificate, and you pin the fingerprint of that one:"
    :put "  /certificate/print detail"
    :put "  without one: /ip/service/set api-ssl certificate=fwknop-mikrotik"
  }
}
# The API without TLS stays as it is. Nothing here needs it; this disables it:
#/ip/service/set api disabled=yes

# SPA packets go to fwknopd.
:if ([:len [/ip/firewall/nat/find where comment="fwknop-mikrotik: SPA packets"]] = 0) do={
  /ip/firewall/nat/add chain=dstnat action=dst-nat in-interface-list="outside world" protocol=udp dst-port=62201 to-addresses=192.168.88.50 to-ports=62201 comment="fwknop-mikrotik: SPA packets"
}
# If your chain forward drops forwarded packets too, it must accept these:
#/ip/firewall/filter/add chain=forward action=accept connection-nat-state=dstnat in-interface-list="outside world" protocol=udp dst-address=192.168.88.50 dst-port=62201 comment="fwknop-mikrotik: SPA packets" place-before=[:pick [/ip/firewall/filter/find where chain="forward" and !disabled and !dynamic and (action="drop" or action="reject" or action="tarpit")] 0]

# Sliding: every new connection from a listed address sets its timer to 1h again, so that
# max-timeout of mikrotik.toml no longer bounds it. This also shortens an entry that has more time
# left: if you raise max-timeout, raise address-list-timeout too.
:if ([:len [/ip/firewall/mangle/find where comment="fwknop-mikrotik: tcp/22"]] = 0) do={
  /ip/firewall/mangle/add chain=prerouting action=add-src-to-address-list connection-state=new in-interface-list="outside world" protocol=tcp dst-port=22 src-address-list=FWKNOP_6_22 address-list=FWKNOP_6_22 address-list-timeout=1h comment="fwknop-mikrotik: tcp/22"
}

# tcp/443 of 192.168.88.10: a port forward for listed addresses only.
# (A port forward of yours for this port that stands before it opens it to everybody: remove it.)
:if ([:len [/ip/firewall/nat/find where comment="fwknop-mikrotik: tcp/443"]] = 0) do={
  /ip/firewall/nat/add chain=dstnat action=dst-nat in-interface-list="outside world" protocol=tcp dst-port=443 src-address-list=FWKNOP_6_443 to-addresses=192.168.88.10 to-ports=443 comment="fwknop-mikrotik: tcp/443"
}
# If your chain forward drops forwarded packets too, it must accept these:
#/ip/firewall/filter/add chain=forward action=accept connection-nat-state=dstnat in-interface-list="outside world" protocol=tcp dst-address=192.168.88.10 dst-port=443 comment="fwknop-mikrotik: tcp/443" place-before=[:pick [/ip/firewall/filter/find where chain="forward" and !disabled and !dynamic and (action="drop" or action="reject" or action="tarpit")] 0]

# Sliding: every new connection from a listed address sets its timer to 1h again, so that
# max-timeout of mikrotik.toml no longer bounds it. This also shortens an entry that has more time
# left: if you raise max-timeout, raise address-list-timeout too.
:if ([:len [/ip/firewall/mangle/find where comment="fwknop-mikrotik: tcp/443"]] = 0) do={
  /ip/firewall/mangle/add chain=prerouting action=add-src-to-address-list connection-state=new in-interface-list="outside world" protocol=tcp dst-port=443 src-address-list=FWKNOP_6_443 address-list=FWKNOP_6_443 address-list-timeout=1h comment="fwknop-mikrotik: tcp/443"
}

# udp/51820 of 192.168.88.10: a port forward for listed addresses only.
# (A port forward of yours for this port that stands before it opens it to everybody: remove it.)
:if ([:len [/ip/firewall/nat/find where comment="fwknop-mikrotik: udp/51820"]] = 0) do={
  /ip/firewall/nat/add chain=dstnat action=dst-nat in-interface-list="outside world" protocol=udp dst-port=51820 src-address-list=FWKNOP_17_51820 to-addresses=192.168.88.10 to-ports=51821 comment="fwknop-mikrotik: udp/51820"
}
# If your chain forward drops forwarded packets too, it must accept these:
#/ip/firewall/filter/add chain=forward action=accept connection-nat-state=dstnat in-interface-list="outside world" protocol=udp dst-address=192.168.88.10 dst-port=51821 comment="fwknop-mikrotik: udp/51820" place-before=[:pick [/ip/firewall/filter/find where chain="forward" and !disabled and !dynamic and (action="drop" or action="reject" or action="tarpit")] 0]

# Sliding: every new connection from a listed address sets its timer to 1h again, so that
# max-timeout of mikrotik.toml no longer bounds it. This also shortens an entry that has more time
# left: if you raise max-timeout, raise address-list-timeout too.
:if ([:len [/ip/firewall/mangle/find where comment="fwknop-mikrotik: udp/51820"]] = 0) do={
  /ip/firewall/mangle/add chain=prerouting action=add-src-to-address-list connection-state=new in-interface-list="outside world" protocol=udp dst-port=51820 src-address-list=FWKNOP_17_51820 address-list=FWKNOP_17_51820 address-list-timeout=1h comment="fwknop-mikrotik: udp/51820"
}

# Rules of chain input. They stand before the first rule that is enabled and drops, rejects or
# tarpits (rules for invalid packets aside), or that jumps to a chain with such a rule.
{
  :local dropRule ""
  :local isFound false
  :local isJumping false
  :foreach rule in=[/ip/firewall/filter/find where chain="input" and !disabled and !dynamic and (action="drop" or action="reject" or action="tarpit" or action="jump")] do={
    :local item [/ip/firewall/filter/get $rule]
    :local isDrop ([:tostr ($item->"connection-state")] != "invalid")
    :if (($item->"action") = "jump") do={
      :local target ($item->"jump-target")
      :set isDrop ([:len [/ip/firewall/filter/find where chain=$target and !disabled and !dynamic and (action="drop" or action="reject" or action="tarpit")]] > 0)
      :if ($target != "fwknop-knock") do={
        :set isJumping true
      }
    }
    :if (!$isFound and $isDrop) do={
      :set dropRule $rule
      :set isFound true
    }
  }
  :if ($isFound) do={
    :if ([:len [/ip/firewall/filter/find where comment="fwknop-mikrotik: tcp/22"]] = 0) do={
      /ip/firewall/filter/add chain=input action=accept in-interface-list="outside world" protocol=tcp dst-port=22 src-address-list=FWKNOP_6_22 comment="fwknop-mikrotik: tcp/22" place-before=$dropRule
    }
  } else={
    :if ([:len [/ip/firewall/filter/find where comment="fwknop-mikrotik: tcp/22"]] = 0) do={
      /ip/firewall/filter/add chain=input action=accept in-interface-list="outside world" protocol=tcp dst-port=22 src-address-list=FWKNOP_6_22 comment="fwknop-mikrotik: tcp/22"
    }
    :if ($isJumping) do={
      :put "chain input drops nothing itself, but it jumps to other chains. If one of them leads"
      :put "to a rule that drops packets from the WAN, move the rules of chain input whose"
      :put "comments begin with \"fwknop-mikrotik: \" before that jump: after it they never match."
    } else={
      :put "chain input drops nothing: tcp/22 is open to everybody, with or without a knock"
    }
  }
}

# The fingerprint to pin: fwknop-mikrotik check --pin=FINGERPRINT
:put ("fingerprint of fwknop-mikrotik: " . [/certificate/get [/certificate/find where name="fwknop-mikrotik"] fingerprint])
